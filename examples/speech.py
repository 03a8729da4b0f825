"""Text becomes speech, in pieces as they come, and speech becomes text again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import mrt

URL = os.environ.get("MRT_EXAMPLE_URL", "http://127.0.0.1:9997")
CREDENTIALS = {"server_url": URL}


def main() -> None:
    """Speak into a file, and write down what the file says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hello"
        speaker = mrt.tts("xinference/tiny-tts", credentials=CREDENTIALS)
        with path.open("wb") as file, speaker.stream("Hello.") as pieces:
            for piece in pieces:
                file.write(piece)
        print(mrt.speech2text("xinference/tiny-whisper", credentials=CREDENTIALS).invoke(path))


if __name__ == "__main__":
    main()
