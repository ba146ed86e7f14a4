template "t" {
  pins {
    pip = { httpx = "0.27.0", unused = "1" }
    npm = { "left-pad" = "1.3.0" }
  }
  pins {
    pip = { httpx = "0.28.0" }
    pipp = {}
  }

  batch "list and pin" {
    pip = ["httpx==0.26.0"]
    npm = ["left-pad@1.3.0"]
  }

  batch "two places" {
    apt = ["jq=1.6", "jq=1.7"]
    install "pip" {
      packages = ["requests==2.0"]
    }
    pip = ["requests==2.1"]
  }

  batch "other batch" {
    pip = ["requests==2.2", "Requests"]
  }

  batch "cleanup" {
    run = ["true"]
  }
  cleanup {}
  cleanup {}
}
