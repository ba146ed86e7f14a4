# A company's own image registry, package mirror and secrets. Set the token with
# E2BT_VAR_registry_token; it is never shown, and never becomes part of a
# template: e2bt warns where a secret would.

variable "registry_token" {
  type        = string
  sensitive   = true
  default     = "not-a-token"
  description = "reads images of registry.company.example"
}

# What the built-in profiles can do, this can: single entries replaced, others
# taken from another profile or switched off. `e2bt mirrors show company` lists
# the result; `e2bt build --mirror company` installs through it.
mirror "company" {
  extends = "tsinghua"
  pip     = ["https://packages.company.example/pypi/simple"]
  npm     = ["https://packages.company.example/npm/"]
  go      = ""
}

template "company" {
  description   = "built on an image of the company's registry"
  timeout       = "30m"
  stall_timeout = "5m" # without a line of output for so long, a build is given up

  base {
    image = "registry.company.example/platform/python:3.12"
    registry {
      username = "e2bt"
      password = var.registry_token
    }
  }

  copy {
    from   = "python-data/"
    to     = "/opt/data"
    ignore = ["*.md", "!README.md"]
    mode   = "0644"
  }

  batch "tools" {
    timeout = "3m"
    pip     = ["httpx"]
  }
}
