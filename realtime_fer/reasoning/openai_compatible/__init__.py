"""Chain-of-Affect asked of any server that speaks OpenAI's chat completions: vLLM, SGLang, llama.cpp, a hosted model.

`factory.build` checks `options` and puts the parts together. `model` is the chain's model: it sends each question (`question`)
with the face (`picture`) through `client`, and reads the answer (`completion`) and its label distribution (`label_shares`).
`client` retries (`retry`) over one kept connection (`connection`, `timed_socket`, `proxy`, `address`, `api_key`) and puts what
goes wrong into one line (`refusals`, `server_error`). Nothing but the standard library, pydantic and OpenCV is needed.
"""
