"""A node's vision service on FastAPI that takes only what the official clients'
own types allow. usage: vision_node.py PORT FORM...: FORM ollama, openai.
GET /seen tells what was asked and what was refused."""
import base64
import io
import json
import struct
import sys

import ollama
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from openai.types.chat import ChatCompletion, completion_create_params
from pydantic import ConfigDict, TypeAdapter, ValidationError

MODEL = "llama3.2-vision:11b"
SENTENCE = ["A grey ", "square, ", "and nothing ", "else: größer als 世界."]


class Generate(ollama._types.GenerateRequest):
    """Ollama's own type, but for its leave to send what it does not know."""
    model_config = ConfigDict(extra="forbid", strict=True)
    model: str
    prompt: str
    images: list[str]
    stream: bool | None = None


Chat = TypeAdapter(completion_create_params.CompletionCreateParams)
KNOWN = set().union(*(x.__annotations__ for base in (
    completion_create_params.CompletionCreateParamsNonStreaming,
    completion_create_params.CompletionCreateParamsBase)
    for x in base.__mro__ if hasattr(x, "__annotations__")))

app = FastAPI()
seen, forms = [], sys.argv[2:]


def complain(status, text):
    seen.append({"refused": text})
    raise HTTPException(status, text)


@app.exception_handler(HTTPException)
async def as_error(request: Request, why: HTTPException):
    # Each form has a shape of its own for this.
    error = ({"message": why.detail, "type": "invalid_request_error",
              "param": None, "code": None}
             if request.url.path.startswith("/v1/") else why.detail)
    return JSONResponse({"error": error}, why.status_code)


def picture_size(data):
    """Width and height; only a whole JPEG will do."""
    if not (data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9")):
        complain(400, "not a JPEG picture")
    stream = io.BytesIO(data[2:])
    while True:
        marker, length = struct.unpack(">HH", stream.read(4))
        if 0xFFC0 <= marker <= 0xFFC2:
            height, width = struct.unpack(">xHH", stream.read(5))
            return width, height
        stream.seek(length - 2, 1)


def decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as why:
        complain(400, f"illegal base64 data: {why}")


async def checked_body(request, check):
    if request.headers.get("content-type") != "application/json":
        complain(415, "the content type is not application/json")
    if request.headers.get("x-c3-api-key") != "interop-key":
        complain(401, "no key")
    body = json.loads(await request.body())
    try:
        check(body)
    except ValidationError as why:
        complain(422, str(why))
    if body["model"] != MODEL:
        complain(404, f"model '{body['model']}' not found")
    return body


if "ollama" in forms:
    @app.get("/api/tags")
    async def tags():
        return json.loads(ollama.ListResponse(models=[
            ollama.ListResponse.Model(model=x)
            for x in ("nomic-embed-text:latest", MODEL)]).model_dump_json()) | {
                "models": [{"name": x, "model": x} for x in
                           ("nomic-embed-text:latest", MODEL)]}

    @app.post("/api/generate")
    async def generate(request: Request):
        body = await checked_body(request, Generate.model_validate)
        [image] = body["images"]
        size = picture_size(decoded(image))
        seen.append({"form": "ollama", "size": size, "prompt": body["prompt"],
                     "keep_alive": body.get("keep_alive")})

        def pieces():
            for x in SENTENCE:
                yield ollama.GenerateResponse(
                    model=MODEL, response=x, done=False).model_dump_json() + "\n"
            yield ollama.GenerateResponse(
                model=MODEL, response="", done=True, done_reason="stop",
                eval_count=4).model_dump_json() + "\n"

        return StreamingResponse(pieces(), media_type="application/x-ndjson")

if "openai" in forms:
    def check_chat(body):
        unknown = set(body) - KNOWN
        if unknown:
            complain(422, f"unknown fields: {sorted(unknown)}")
        # Iterables are checked when they are walked.
        checked = Chat.validate_python(body, strict=True)
        for message in checked["messages"]:
            for part in message["content"]:
                assert part["type"] in ("text", "image_url"), part

    @app.post("/v1/chat/completions")
    async def chat(request: Request):
        body = await checked_body(request, check_chat)
        if request.headers.get("authorization") != "Bearer interop-key":
            complain(401, "no bearer key")
        [message] = body["messages"]
        parts = {x["type"]: x for x in message["content"]}
        url = parts["image_url"]["image_url"]["url"]
        if not url.startswith("data:image/jpeg;base64,"):
            complain(400, "invalid image input")
        size = picture_size(decoded(url.split(",", 1)[1]))
        seen.append({"form": "openai", "size": size,
                     "prompt": parts["text"]["text"],
                     "stream": body.get("stream")})
        return ChatCompletion.model_validate({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1,
            "model": MODEL, "choices": [{
                "index": 0, "finish_reason": "stop", "logprobs": None,
                "message": {"role": "assistant", "refusal": None,
                            "content": "".join(SENTENCE)}}]}).model_dump()


@app.get("/")
async def root():
    return "running"


@app.get("/seen")
async def get_seen():
    return seen


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]),
                log_level="warning")
