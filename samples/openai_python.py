"""An image, a question and a follow-up question with OpenAI's Python client.

`pip install openai`, start the service with `npm start`, then `python samples/openai_python.py`. The environment
variable OPENAI_BASE_URL is the URL of the API (default: http://127.0.0.1:3000/v1).
"""

import base64
import os
from pathlib import Path

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:3000/v1"),
    api_key="not-needed",
)

image = base64.b64encode(Path(__file__).with_name("street.png").read_bytes()).decode()
messages = [
    {
        "role": "user",
        "content": [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
            {"type": "text", "text": "Describe the image."},
        ],
    }
]

model = client.models.list().data[0].id
print(f"Model: {model}")

# Streamed. Parameters that OpenAI does not have, such as `language`, go into extra_body.
text = ""
stream = client.chat.completions.create(
    model=model, messages=messages, stream=True, extra_body={"language": "en"}
)
for chunk in stream:
    piece = (chunk.choices[0].delta.content or "") if chunk.choices else ""
    print(piece, end="", flush=True)
    text += piece
print()

# Each request contains the whole conversation, including the image.
messages += [
    {"role": "assistant", "content": text},
    {"role": "user", "content": "How many things are there?"},
]
completion = client.chat.completions.create(
    model=model, messages=messages, extra_body={"language": "en"}
)
print(completion.choices[0].message.content)
print(completion.usage)
