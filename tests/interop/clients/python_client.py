"""The official Python client, driven line by line: a JSON object in, one out.
Usage: python_client.py CSM_URL WHISPER_URL API_KEY SOUND_FILE"""
import json
import pathlib
import sys

from gradio_client import Client, handle_file

csm_url, whisper_url, api_key, sound = sys.argv[1:5]


def connect(url):
    return Client(url, headers={"X-C3-API-KEY": api_key}, verbose=False)


csm, whisper = connect(csm_url), connect(whisper_url)
held = []


def monologue(values, clone=False):
    if clone:
        values["speaker_audio"] = handle_file(sound)
    return {**values, "api_name": "/generate_monologue_audio"}


def file_start(path):
    return pathlib.Path(path).read_bytes()[:3].hex()


def do_describe(_):
    def names(client, endpoint):
        info = client.view_api(return_format="dict", print_info=False)
        return [x["parameter_name"]
                for x in info["named_endpoints"][endpoint]["parameters"]]
    return {"csm": names(csm, "/generate_monologue_audio"),
            "whisper": names(whisper, "/transcribe_audio")}


def do_monologue(order):
    return file_start(csm.predict(**monologue(order["values"],
                                              order.get("clone"))))


def do_transcribe(order):
    text, files = whisper.predict(audio_file=handle_file(sound),
                                  **order["values"],
                                  api_name="/transcribe_audio")
    return {"text": text, "files": [pathlib.Path(x).name for x in files or []]}


def do_start(order):
    held.append(csm.submit(**monologue(order["values"])))


def do_stage(_):
    return held[-1].status().code.name


def do_cancel(_):
    held[-1].cancel()
    try:
        held[-1].result(timeout=20)
        return "a result"
    except BaseException as error:
        return type(error).__name__


for line in sys.stdin:
    order = json.loads(line)
    try:
        answer = {"value": globals()["do_" + order["do"]](order)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print("=" + json.dumps(answer), flush=True)
