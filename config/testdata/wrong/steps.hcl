template "steps" {
  pins {
    pip = {
      httpx = "0.27.0"
    }
  }

  batch "empty" {
  }

  batch "two versions" {
    pip = ["httpx==0.26.0", "-r requirements.txt"]
    install "pips" {
      packages = ["x"]
    }
  }

  copy {
    from = "../secrets"
    to   = "/home/user"
    mode = "rw"
  }

  copy {
    from = "a"
  }

  cleanup {
    paths = ["/", "tmp"]
  }

  start {
    command = "serve"
    ready {
      port = 99999
      url  = "http://localhost"
    }
  }

  check "c" {
    command = "true"
    matches = "("
    timeout = "-1s"
  }
}
