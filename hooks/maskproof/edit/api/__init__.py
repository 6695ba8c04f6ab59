"""The image service: the one place that talks to a server, through the `openai` package (extra `[openai]`).

`models` is what is known of the models, `client` opens the connection and puts its errors into plain words, `images`
asks for edits and `answers` for opinions. Nothing here reads files, judges, or writes.
"""
