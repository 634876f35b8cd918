"""Web API: files.* as files_upload_v2 uses it, and the addresses the files are read from."""

from aiohttp import web

from bot.playground.slack_call import Call, Slack
from bot.playground.slack_hooks import from_app
from bot.playground.slack_payloads import message_event
from bot.playground.slack_state import BOT_USER, Json, SlackError, new_id

#: Characters of a text file that a message shows.
_PREVIEW = 2000


def get_upload_url(call: Call) -> Json:
    name, length = call.need("filename"), call.number("length", 0)
    if length <= 0:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] length must be positive"]})
    file_id = new_id("F0")
    call.slack.workspace.files[file_id] = {"id": file_id, "name": name, "length": length, "content": None}
    return {"file_id": file_id, "upload_url": f"{call.base_url}/upload/v1/{file_id}"}


def complete_upload(call: Call) -> Json:
    workspace, wanted = call.slack.workspace, call.json("files") or []
    wires = []
    for item in wanted:
        file = workspace.files.get(item.get("id", ""))
        if file is None or file["content"] is None:
            raise SlackError("file_not_found")
        wires.append(_wire(call, file, item.get("title") or file["name"]))
    channels = [c for c in (call.text("channel_id") or call.text("channels")).split(",") if c]
    for name in channels:
        call.arguments["channel"] = name
        place = call.channel()
        message: Json = {"text": call.text("initial_comment"), "files": wires, "subtype": "file_share", "upload": True}
        parent = None
        if thread_ts := call.text("thread_ts"):
            parent = workspace.message(place.id, thread_ts)
            message["thread_ts"] = parent["ts"]
        stored = workspace.add_message(place.id, from_app(message))
        call.slack.people.tell_app(place, message_event(stored, place, parent))
    return {"files": wires}


def _wire(call: Call, file: Json, title: str) -> Json:
    content: bytes = file["content"]
    address = f"{call.base_url}/files/{file['id']}/{file['name']}"
    suffix = file["name"].rsplit(".", 1)[-1].lower()
    wire = {
        "id": file["id"],
        "name": file["name"],
        "title": title,
        "filetype": suffix,
        "pretty_type": {"py": "Python", "txt": "Plain Text", "log": "Log", "json": "JSON", "yml": "YAML"}.get(
            suffix, suffix
        ),
        "mimetype": "text/plain" if _is_text(content) else "application/octet-stream",
        "mode": "snippet" if _is_text(content) else "hosted",
        "size": len(content),
        "user": BOT_USER,
        "url_private": address,
        "url_private_download": f"{address}?download=1",
        "permalink": address,
    }
    return wire | ({"preview": content.decode()[:_PREVIEW]} if _is_text(content) else {})


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def add_to(app: web.Application, slack: Slack) -> None:
    """Serve the upload and download addresses."""

    async def upload(request: web.Request) -> web.Response:
        file = slack.workspace.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404, text="no such upload")
        content = await request.read()
        if len(content) != file["length"]:
            return web.Response(status=400, text="the length is not the announced one")
        file["content"] = content
        return web.Response(text=f"OK - {len(content)}")

    async def download(request: web.Request) -> web.Response:
        file = slack.workspace.files.get(request.match_info["file"])
        if file is None or file["content"] is None:
            return web.Response(status=404, text="no such file")
        # Always as text or as a download: what somebody uploaded must not run in the page's origin.
        text = _is_text(file["content"])
        headers = {} if text and "download" not in request.query else {"Content-Disposition": "attachment"}
        headers["X-Content-Type-Options"] = "nosniff"
        kind = "text/plain" if text else "application/octet-stream"
        return web.Response(body=file["content"], content_type=kind, headers=headers)

    app.router.add_post("/upload/v1/{file}", upload)
    app.router.add_get("/files/{file}/{name}", download)
