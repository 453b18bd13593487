// Reads OTLP in JSON by the parser of OpenTelemetry's own collector, and writes
// what it has understood.
package main

import (
	"fmt"
	"io"
	"os"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func main() {
	request := ptraceotlp.NewExportRequest()
	body, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = request.UnmarshalJSON(body)
	}
	if err == nil {
		body, err = request.MarshalJSON()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(body)
}
