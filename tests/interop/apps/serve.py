"""One node: both apps under /csm and /whisper at one port, and each as a
plain server at a port of its own, for a proxy to put behind a path.
Usage: serve.py NODE_PORT CSM_PORT WHISPER_PORT"""
import sys

import csm_app
import gradio as gr
import uvicorn
import whisper_app
from fastapi import FastAPI

node_port, csm_port, whisper_port = map(int, sys.argv[1:4])
for module, port in ((csm_app, csm_port), (whisper_app, whisper_port)):
    module.build().launch(server_name="127.0.0.1", server_port=port,
                          prevent_thread_lock=True, quiet=True,
                          share=False)

node = FastAPI()


@node.get("/")
@node.get("/system_stats")
def alive():
    return {"system": {}}


for module, path in ((csm_app, "/csm"), (whisper_app, "/whisper")):
    # A mounted app shows the texts of exceptions unless told not to; a
    # launched one does not.
    node = gr.mount_gradio_app(node, module.build(), path=path,
                               show_error=False)
uvicorn.run(node, host="127.0.0.1", port=node_port, log_level="warning")
