variable "token" {
  default   = "s3cr3t-value"
  sensitive = true
}

variable "pin" {
  default   = "123"
  sensitive = true
}

variable "port" {
  type      = number
  default   = 4321
  sensitive = true
  validation {
    condition     = var.port < 1000
    error_message = "The port ${var.port} is too high."
  }
}

variable "fleet" {
  type      = map(number)
  default   = "s3cr3t-value-of-a-wrong-type"
  sensitive = true
}

locals {
  header = "Bearer ${var.token}"
  choice = var.token == "x" ? "chosen-a" : "chosen-b"
}

template "s" {
  name        = "x-${var.token}"
  description = local.header
  tags        = [var.token]
  user        = var.pin
  env         = { TOKEN = local.header, PLAIN = "plain" }

  batch "b" {
    timeout = var.token
    pip     = ["httpx", "-${var.pin}"]
    run     = ["echo ${base64encode(var.token)}", local.choice]
    env = {
      A = "a"
      B = upper(var.token)
    }
  }

  copy {
    from = "../${var.pin}"
    to   = "/x"
    mode = var.pin
  }

  start {
    command = "serve --token ${var.token}"
    ready { port = var.port + 100000 }
  }

  check "c" {
    command = "curl -H '${local.header}' localhost"
    matches = "(${var.token}"
  }

  base {
    image = "registry.example/${nonsensitive("x")}"
    registry {
      username = "robot"
      password = var.token
    }
  }
}
