# Written by e2bt after a build: what every template was made of. Commit it;
# `e2bt build --locked` builds exactly this.

version = 1

template "app" {
  address     = "template.python[\"3.11\"]"
  fingerprint = "sha256:00"
  template_id = "tid"
  build_id    = "bid"

  base {
    image  = "python:3.12-slim"
    digest = "sha256:11"
  }

  step {
    type   = "ENV"
    digest = "sha256:22"
  }

  step {
    type   = "RUN"
    batch  = "tools"
    digest = "sha256:33"
    packages = {
      apt = ["jq=1.6*"]
      pip = ["httpx[http2]>=0.27,<1", "rich"]
    }
  }

  step {
    type   = "COPY"
    from   = "a \"b\" $${c} %%{d}\\"
    digest = "sha256:44"
    files  = "55"
  }

  inventory {
    os = "debian 12"
    npm = [
      "@scope/name 1.0.0 2.0.0",
      "left-pad 1.3.0",
    ]
    pip = [
      "httpx 0.27.0",
      "é$${x}%%{y}\"\\ 1.0",
    ]
  }
}

template "unread" {
  address = "template.unread"

  base {
    template = "app"
  }
}
