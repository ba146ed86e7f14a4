# A step or command that ran into its own time limit.
rule "timeout_step" {
  category   = "timeout"
  exit_codes = [124]
  priority   = 40
  confidence = "medium"
  summary    = timeout_s > 0 ? "The step ran into its time limit of ${duration(timeout_s)}." : "The command ran into a time limit: exit code 124 is that of timeout."
  summary_zh = timeout_s > 0 ? "步骤超过了 ${duration(timeout_s)} 的时限。" : "命令超过了时限：退出码 124 来自 timeout。"
  detail     = "The last lines of the log show what it was doing."
  detail_zh  = "日志的最后几行显示它当时在做什么。"
}

rule "timeout_elapsed" {
  category   = "timeout"
  exit_codes = [137, 143, -1]
  priority   = 40
  confidence = "medium"
  when       = timeout_s > 0 && seconds_s >= timeout_s
  summary    = "The step ran into its time limit of ${duration(timeout_s)} and was killed."
  summary_zh = "步骤超过了 ${duration(timeout_s)} 的时限，被终止。"
}

rule "timeout_message" {
  category   = "timeout"
  priority   = 60
  match      = <<-RE
    (?i)(?:template )?build timed out(?: after (?P<limit>\d+) ?s)?
    (?i)build status polling timed out
    (?i)maximum build time is 
    build is in waiting state for too long
    (?i)(?:batch|step) .*(?:ran into its time limit|timed out after)
    (?i)context deadline exceeded$
    (?i)\bdeadline_exceeded\b
    (?i)no output for (?P<limit>\S+), (?:giving up|stalled)
  RE
  unless     = "(?i)ready command"
  summary    = limit == "" ? "The build ran into its time limit." : "The build ran into its time limit of ${limit} s."
  summary_zh = limit == "" ? "构建超过了时限。" : "构建超过了 ${limit} 秒的时限。"
}

sample "exit_124" {
  log       = <<-LOG
    Collecting torch==2.4.0
      Downloading torch-2.4.0-cp312-cp312-manylinux1_x86_64.whl (797.2 MB)
  LOG
  exit_code = 124
  batch     = "template.x.batch.small"
  timeout_s = 120
  seconds_s = 120.4
  want      = { category = "timeout", fix = "timeout = \"4m\"", edit = "template.x.batch.small.timeout=4m" }
}

sample "whole_build" {
  log  = "Template build timed out after 600 seconds"
  want = { category = "timeout", summary = "600" }
}
