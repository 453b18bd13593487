"""The speech app's face: the endpoints of the CSM app on a Comput3 node, with
names, order, component types and ranges as there. The voice is a tone."""
import json
import subprocess
import tempfile

import control
import gradio as gr

VOICES = ["random_voice", "conversational_a", "conversational_b",
          "upload_voice"]


def channels_of(path):
    return int(subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=channels", "-of",
         "csv=p=0", path], check=True, capture_output=True,
        text=True).stdout)


def speak(sentences):
    target = tempfile.mkdtemp(prefix="csm-") + "/monologue.mp3"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"sine=frequency=440:duration={0.2 * len(sentences)}", target],
        check=True)
    return target


def generate_monologue_audio(speaker_voice, speaker_text, speaker_audio,
                             monologue_json, temperature, topk,
                             max_audio_length, pause_duration):
    control.note("csm", "begin", text=monologue_json, voice=speaker_voice,
                 speaker_text=speaker_text, temperature=temperature,
                 topk=topk, max_audio_length=max_audio_length,
                 pause_duration=pause_duration,
                 channels=channels_of(speaker_audio) if speaker_audio else 0)
    order = control.next_order("csm")
    control.obey("csm", order)
    if not isinstance(topk, int):
        raise gr.Error("Generation failed: topk must be int")
    target = speak(json.loads(monologue_json))
    control.note("csm", "end", text=monologue_json)
    return target


def generate_conversation_audio(state, *_):
    raise gr.Error("Generation failed: not played here")


def build():
    with gr.Blocks(title="CSM") as app:
        state = gr.State([])
        with gr.Tab("Conversation"):
            speakers = []
            for i in range(10):
                speakers += [
                    gr.Dropdown(VOICES, value="random_voice",
                                label=f"Speaker {i} voice"),
                    gr.Textbox(label=f"Speaker {i} text"),
                    gr.Audio(type="filepath", label=f"Speaker {i} audio")]
            rest = [gr.Slider(0, 1000, value=150, step=10, label="Pause"),
                    gr.Textbox(label="Conversation"),
                    gr.Slider(0.1, 2.0, value=0.9, step=0.1,
                              label="Temperature"),
                    gr.Slider(1, 100, value=50, step=1, label="Top-k"),
                    gr.Slider(1000, 30000, value=10000, step=1000,
                              label="Max audio length (ms)")]
            gr.Button("Generate").click(
                generate_conversation_audio, [state, *speakers, *rest],
                gr.Audio(type="filepath"),
                api_name="generate_conversation_audio")
        with gr.Tab("Monologue"):
            inputs = [
                gr.Dropdown(VOICES, value="random_voice",
                            label="Speaker voice"),
                gr.Textbox(label="Speaker text"),
                gr.Audio(type="filepath", label="Speaker audio"),
                gr.Textbox(label="Monologue"),
                gr.Slider(0.1, 2.0, value=0.9, step=0.1,
                          label="Temperature"),
                gr.Slider(1, 100, value=50, step=1, label="Top-k"),
                gr.Slider(1000, 30000, value=10000, step=1000,
                          label="Max audio length (ms)"),
                gr.Slider(0, 1000, value=150, step=10, label="Pause (ms)")]
            gr.Button("Generate").click(
                generate_monologue_audio, inputs,
                gr.Audio(type="filepath", label="Generated audio"),
                api_name="generate_monologue_audio")
    # One job runs and one waits; a third is told that the queue is full.
    return app.queue(max_size=1)
