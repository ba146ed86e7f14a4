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

  check "tools" {
    tools = ["python", "node", "npm", "git", "claude"]
  }

  # The SDK is imported and the CLI started; with ANTHROPIC_API_KEY or
  # ANTHROPIC_AUTH_TOKEN here or in .env, it is also asked something. Keys are
  # passed to the sandbox alone: none is ever in the template.
  check "agent" {
    agent "claude" {}
  }

  check "packages" {
    command  = "python -c 'import dotenv, httpx; print(\"imported\")'"
    contains = "imported"
  }
}
