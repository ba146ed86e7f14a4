# PEP 668: this Python belongs to the system's package manager.
rule "externally_managed" {
  category   = "externally_managed"
  tool       = found_uv == "" ? "pip" : "uv"
  priority   = 75
  match      = <<-RE
    (?i)externally-managed-environment
    (?i)this environment is externally managed
    (?i)is externally managed, and indicates the following
  RE
  subject    = pip_command
  summary    = "This Python belongs to the system's package manager, which lets pip install nothing into it."
  summary_zh = "这个 Python 归系统的软件包管理器所有，不允许 pip 往里安装。"
}

fact "found_uv" {
  match = <<-RE
    (?P<found_uv>The interpreter at )\S+ is externally managed
  RE
}

fact "pip_command" {
  match = <<-RE
    (?:RUN|&&|;) *(?:python3? -m )?pip3? install (?:--?[\w-]+ )*(?P<pip_command>[A-Za-z][\w.-]*)(?:[=<>~!]=\S+)?$
  RE
}

sample "pip" {
  log  = <<-LOG
    error: externally-managed-environment

    × This environment is externally managed
  LOG
  want = { category = "externally_managed", tool = "pip", fix = "virtual environment" }
}
