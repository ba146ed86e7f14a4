"""What E2B's Python SDK does with templates and sandboxes, with its sync and its
async classes, on whatever endpoint the environment names."""
import asyncio
import time

from e2b import AsyncSandbox, AsyncTemplate, CommandExitException, Sandbox, Template, TimeoutException, NotFoundException
from e2b.exceptions import BuildException
from e2b.template.readycmd import wait_for_file


def done(name, start):
    print(f"ok {name} ({(time.time() - start) * 1000:.0f} ms)")


def steps(kind):
    return (
        kind(file_context_path=".")
        .from_template("base")
        .set_envs({"GREETING": "hello"})
        .set_workdir("/home/user/app")
        .copy("data", "data")
        .run_cmd('echo "$GREETING" > greeting')
        .make_dir("made", mode=0o700)
        .make_symlink("greeting", "link")
        .rename("made", "renamed")
        .remove("link")
        .set_user("root")
        .run_cmd("echo root > /opt/root")
        .set_user("user")
        .set_start_cmd("touch /tmp/started; sleep infinity", wait_for_file("/tmp/started"))
    )


def sync():
    start = time.time()
    lines = []
    Template.build(steps(Template), "sdk-py", cpu_count=1, memory_mb=512, on_build_logs=lambda e: lines.append(e.message))
    Template.build(steps(Template), "sdk-py", cpu_count=1, memory_mb=512, on_build_logs=lambda e: lines.append(e.message))
    assert sum(line.startswith("CACHED") for line in lines) >= 8, lines
    try:
        Template.build(Template().from_template("base").run_cmd("exit 7"), "sdk-py-fails")
        raise AssertionError("it did not fail")
    except BuildException as e:
        assert "7" in str(e), e
    assert Template.exists("sdk-py") and not Template.exists("nobody-made-this")
    Template.assign_tags("sdk-py", ["stable"])
    done("templates", start)

    start = time.time()
    sbx = Sandbox.create("sdk-py", metadata={"run": "py"}, envs={"FROM": "sandbox"})
    r = sbx.commands.run("cat greeting data/note.txt; echo err >&2; echo $FROM $HERE; id -un", envs={"HERE": "call"}, user="root")
    assert (r.stdout, r.stderr) == ("hello\na note\nsandbox call\nroot\n", "err\n"), r
    try:
        sbx.commands.run("exit 3")
        raise AssertionError("it did not fail")
    except CommandExitException as e:
        assert e.exit_code == 3
    try:
        sbx.commands.run("sleep 30", timeout=0.5)
        raise AssertionError("it did not time out")
    except TimeoutException:
        pass
    c = sbx.commands.run("cat", background=True, stdin=True)
    sbx.commands.send_stdin(c.pid, "typed\n")
    for out, _, _ in c:
        assert out == "typed\n", out
        break
    c.kill()
    done("commands", start)

    start = time.time()
    sbx.files.write("deep/x", "text")
    assert sbx.files.read("deep/x") == "text"
    assert bytes(sbx.files.read("deep/x", format="bytes")) == b"text"
    assert [e.name for e in sbx.files.list("deep")] == ["x"]
    watch = sbx.files.watch_dir("deep")
    sbx.files.write("deep/y", "1")
    names = []
    for _ in range(100):
        names += [e.name for e in watch.get_new_events()]
        if "y" in names:
            break
        time.sleep(0.02)
    assert "y" in names, names
    watch.stop()
    sbx.files.rename("deep/y", "deep/z")
    sbx.files.remove("deep")
    assert not sbx.files.exists("deep")
    try:
        sbx.files.read("/nowhere")
        raise AssertionError("it did not fail")
    except NotFoundException:
        pass
    done("files", start)

    start = time.time()
    found = [s.sandbox_id for s in Sandbox.list(query=query({"run": "py"})).next_items()]
    assert found == [sbx.sandbox_id], found
    sbx.files.write("/home/user/kept", "kept")
    sbx.pause()
    assert Sandbox.connect(sbx.sandbox_id).files.read("/home/user/kept") == "kept"
    assert sbx.kill() and not sbx.is_running()
    done("life", start)


def query(metadata):
    from e2b import SandboxQuery

    return SandboxQuery(metadata=metadata)


async def asynchronous():
    start = time.time()
    info = await AsyncTemplate.build_in_background(AsyncTemplate().from_template("base").run_cmd("echo hello > ~/made"), "sdk-py-async")
    while (status := (await AsyncTemplate.get_build_status(info)).status) != "ready":
        assert status in ("building", "waiting"), status
        await asyncio.sleep(0.05)
    sbx = await AsyncSandbox.create("sdk-py-async")
    assert (await sbx.commands.run("cat ~/made")).stdout == "hello\n"
    await sbx.files.write("/tmp/x", "text")
    assert await sbx.files.read("/tmp/x") == "text"
    came = asyncio.Event()
    handle = await sbx.files.watch_dir("/tmp", on_event=lambda e: came.set())
    await sbx.files.write("/tmp/y", "1")
    await asyncio.wait_for(came.wait(), 10)
    await handle.stop()
    out = bytearray()
    from e2b.sandbox.commands.command_handle import PtySize

    pty = await sbx.pty.create(PtySize(30, 100), on_data=lambda d: out.extend(d))
    await sbx.pty.send_stdin(pty.pid, b"stty size; exit\n")
    await pty.wait()
    assert b"30 100" in out, bytes(out)
    await sbx.kill()
    done("async", start)


sync()
asyncio.run(asynchronous())
