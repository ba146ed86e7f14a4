# The start and ready phase: whatever fails in it is its own category, since the
# template's parts before it are sound.
rule "ready_timeout" {
  category   = "ready_timeout"
  priority   = 98
  match      = <<-RE
    ready command (?:failed|timed out)
    start command failed
    start command was not ready after
    (?i)error running start command
    (?i)service did not become ready
    (?i)(?:server|service|application|app) (?:did not|didn't|failed to) (?:become ready|start|come up) (?:in|within|after)
    (?i)timed out waiting (?:for (?:the )?(?:server|service|port|http)|\d+ ?m?s from config\.webServer)
    (?i)timed out waiting for: https?://
    Error: server closed unexpectedly
    (?i)process from config\.webServer (?:was not able to start|exited early)
    (?i)wait-on.*timed out
    (?i)dockerize.*timeout after .* waiting on dependencies
    wait-for-it\.sh: timeout occurred after
    (?i)health ?check failed after
    (?i)timeout: .* waiting for (?P<target>\S+:\d+)
  RE
  subject    = coalesce(ready_target, ready_process, target)
  summary    = "The start command did not get ready."
  summary_zh = "启动命令没有就绪。"
  detail     = ready_port == "" ? "" : "The log says that the server listens on port ${ready_port}; ready must ask there."
  detail_zh  = ready_port == "" ? "" : "日志显示服务器监听端口 ${ready_port}；ready 必须询问这个端口。"
  fix {
    when     = ready_port != "" && template != ""
    title    = "Ask on the port that the log names: ready { port = ${ready_port} }."
    title_zh = "改为询问日志中提到的端口：ready { port = ${ready_port} }。"
    safe     = true
    edit {
      address = "${template}.start.ready.port"
      set     = parseint(ready_port, 10)
    }
  }
}

rule "ready_phase" {
  category   = "ready_timeout"
  priority   = 97
  match      = <<-RE
    EADDRINUSE.*address already in use \S*?:(?P<port>\d+)$
    (?i)address already in use
    (?i)modulenotfounderror
    (?i)error: cannot find module
    (?i)command not found
    (?i)no such file or directory
  RE
  when       = phase == "start"
  subject    = port
  summary    = "The start command failed."
  summary_zh = "启动命令失败。"
}

fact "ready_target" {
  match = <<-RE
    Waiting for template to be ready: .*?(?P<ready_target>https?://[^\s'"]+)
  RE
}

fact "ready_process" {
  match = <<-RE
    Waiting for template to be ready: .*pgrep (?:-\w+ )?(?P<ready_process>[\w.-]+)
  RE
}

fact "ready_port" {
  match = <<-RE
    (?i)listening (?:on|at):? \S*?(?P<ready_port>\d{2,5})/?$
    (?i)running on (?:all addresses|https?)\S*?:(?P<ready_port>\d{2,5})
    (?i)serving http on \S+ port (?P<ready_port>\d{2,5})
    (?i)local:? +https?://localhost:(?P<ready_port>\d{2,5})
  RE
}

sample "ours" {
  log      = "Serving HTTP on 0.0.0.0 port 3000 (http://0.0.0.0:3000/) ..."
  reason   = "the start command was not ready after 4s"
  phase    = "start"
  template = "template.x"
  want     = { category = "ready_timeout", edit = "template.x.start.ready.port=3000" }
}

sample "e2b" {
  log    = <<-LOG
    Running start command: python server.py
    Waiting for template to be ready: curl -s http://localhost:8000/health
    Listening on http://127.0.0.1:3000
  LOG
  reason = "ready command failed: ready command timed out after 10m0.0005s"
  phase  = "start"
  batch  = "template.x.batch.web"
  want   = { category = "ready_timeout", subject = "http://localhost:8000/health", edit = "template.x.start.ready.port=3000" }
}
