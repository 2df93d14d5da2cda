"""A picture, a question and a follow-up through OpenAI's own client.

`pip install openai`, start the service, then `python samples/openai_python.py`. BASE_URL is
http://127.0.0.1:3000/v1 unless the environment says otherwise.
"""

import base64
import os
from pathlib import Path

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:3000/v1"),
    api_key="none is needed",
)

picture = base64.b64encode(Path(__file__).with_name("street.png").read_bytes()).decode()
messages = [
    {
        "role": "user",
        "content": [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
            {"type": "text", "text": "Describe the picture."},
        ],
    }
]

model = client.models.list().data[0].id
print(f"Model: {model}")

# As it is written; extensions go into extra_body.
text = ""
stream = client.chat.completions.create(
    model=model, messages=messages, stream=True, extra_body={"language": "en"}
)
for chunk in stream:
    piece = (chunk.choices[0].delta.content or "") if chunk.choices else ""
    print(piece, end="", flush=True)
    text += piece
print()

# The whole conversation goes along each time, the picture too.
messages += [
    {"role": "assistant", "content": text},
    {"role": "user", "content": "How many things are there?"},
]
completion = client.chat.completions.create(model=model, messages=messages)
print(completion.choices[0].message.content)
print(completion.usage)
