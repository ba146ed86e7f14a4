# The Claude Agent SDK for Python together with Claude Code, on Debian with
# Python and Node. No base is named, so it starts from E2B's default image.

variable "agent_sdk_version" {
  type        = string
  default     = ""
  description = "a version of claude-agent-sdk; the newest one if empty"
}

template "claude-agent" {
  description = "Claude Agent SDK with Claude Code"
  cpu_count   = 2
  memory_mb   = 2048
  timeout     = "30m"

  env     = { PYTHONUNBUFFERED = "1" }
  workdir = "/home/user"

  batch "small" {
    timeout = "5m"
    retries = 2
    pip     = ["python-dotenv", "httpx"]
  }

  batch "agent-sdk" {
    timeout = "10m"
    retries = 2
    pip     = [var.agent_sdk_version == "" ? "claude-agent-sdk" : "claude-agent-sdk==${var.agent_sdk_version}"]
  }

  batch "claude-code" {
    timeout = "10m"
    retries = 2
    npm     = ["@anthropic-ai/claude-code"]
  }

  cleanup {
    apt   = true
    pip   = true
    npm   = true
    paths = ["/tmp/*"]
  }

  check "sdk" {
    command  = "python -c 'import claude_agent_sdk, dotenv, httpx; print(\"imported\", claude_agent_sdk.__version__)'"
    contains = "imported"
  }

  check "claude" {
    command = "claude --version"
    matches = "[0-9]+\\.[0-9]+\\.[0-9]+"
  }
}
