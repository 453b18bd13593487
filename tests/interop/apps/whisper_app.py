"""The transcription app's face: all 37 inputs of the WhisperX app on a Comput3
node. Like there, a failure comes back as a success whose text is an error."""
import json
import pathlib
import tempfile
import time
import traceback

import control
import gradio as gr


def files_for(text):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="whisper-"))
    stem = f"transcript_{int(time.time())}"
    out = []
    for ending, content in (
            ("json", json.dumps({"segments": [
                {"start": 0.0, "end": 1.0, "text": text}]})),
            ("txt", text), ("srt", f"1\n00:00:00,000 --> 00:00:01,000\n{text}"),
            ("vtt", f"WEBVTT\n\n00:00.000 --> 00:01.000\n{text}")):
        path = folder / f"{stem}.{ending}"
        path.write_text(content)
        out.append(str(path))
    return out


def transcribe(arguments):
    order = control.next_order("whisper")
    if order["do"] == "no_alignment" and not arguments["no_align"]:
        raise ValueError("No default align-model for language: xx")
    if order["do"] == "trouble":
        raise ValueError(order["text"])
    control.obey("whisper", order)
    text = order.get("text", "hello from the real server")
    return text * order.get("times", 1)


def transcribe_audio(
        audio_file, model, task, language, device, compute_type, batch_size,
        align_model, no_align, interpolate_method, return_char_alignments,
        vad_method, vad_onset, vad_offset, chunk_size, diarize, min_speakers,
        max_speakers, temperature, best_of, beam_size, patience,
        length_penalty, suppress_tokens, suppress_numerals,
        condition_on_previous_text, initial_prompt, word_timestamps,
        highlight_words, max_line_width, max_line_count, segment_resolution,
        repetition_penalty, compression_ratio_threshold, log_prob_threshold,
        no_speech_threshold, hotwords):
    arguments = dict(locals())
    control.note("whisper", "begin", arguments=arguments,
                 audio_bytes=pathlib.Path(audio_file).stat().st_size)
    try:
        text = transcribe(arguments)
    except gr.Error:
        raise
    except Exception as error:
        traceback.print_exc()
        return f"Error: {error}", []
    control.note("whisper", "end")
    return text, files_for(text)


def inputs():
    text, number, check = gr.Textbox, gr.Number, gr.Checkbox

    def choice(values, value, label):
        return gr.Dropdown(values, value=value, label=label)

    return [
        gr.Audio(type="filepath", label="Audio"),
        choice(["tiny", "base", "small", "medium", "large", "large-v2",
                "large-v3"], "medium", "Model"),
        choice(["transcribe", "translate"], "transcribe", "Task"),
        text(value="", label="Language"),
        choice(["cuda", "cpu"], "cuda", "Device"),
        choice(["float16", "float32", "int8"], "float16", "Compute type"),
        gr.Slider(1, 64, value=16, step=1, label="Batch size"),
        text(value="", label="Align model"),
        check(value=False, label="No align"),
        choice(["nearest", "linear", "ignore"], "nearest", "Interpolation"),
        check(value=False, label="Char alignments"),
        choice(["pyannote", "silero"], "pyannote", "VAD"),
        gr.Slider(0, 1, value=0.5, label="VAD onset"),
        gr.Slider(0, 1, value=0.363, label="VAD offset"),
        gr.Slider(1, 120, value=30, step=1, label="Chunk size"),
        check(value=False, label="Diarize"),
        text(value="", label="Min speakers"),
        text(value="", label="Max speakers"),
        gr.Slider(0, 1, value=0, label="Temperature"),
        number(value=5, label="Best of"), number(value=5, label="Beam size"),
        number(value=1.0, label="Patience"),
        number(value=1.0, label="Length penalty"),
        text(value="-1", label="Suppress tokens"),
        check(value=False, label="Suppress numerals"),
        check(value=True, label="Condition on previous text"),
        text(value="", label="Initial prompt"),
        check(value=True, label="Word timestamps"),
        check(value=False, label="Highlight words"),
        text(value="", label="Max line width"),
        text(value="", label="Max line count"),
        choice(["sentence", "chunk"], "sentence", "Segment resolution"),
        number(value=1.0, label="Repetition penalty"),
        number(value=2.4, label="Compression ratio threshold"),
        number(value=-1.0, label="Log prob threshold"),
        number(value=0.6, label="No speech threshold"),
        text(value="", label="Hotwords")]


def build():
    with gr.Blocks(title="WhisperX") as app:
        wanted = inputs()
        # Without an api_name: Gradio takes the function's.
        gr.Button("Transcribe").click(
            transcribe_audio, wanted,
            [gr.Textbox(label="Transcript"),
             gr.File(label="Files", file_count="multiple")])
    return app.queue(max_size=1)
