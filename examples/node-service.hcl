# A Node service that runs when a sandbox starts: the template is done when the
# port answers.

template "node-service" {
  description = "Express on port 3000"

  batch "dependencies" {
    timeout = "5m"
    retries = 1
    install "npm" {
      packages = ["express@4.21.2"]
      flags    = ["--no-fund", "--no-audit"]
    }
  }

  copy {
    from = "node-service/"
    to   = "/home/user/app"
    user = "user"
  }

  cleanup {
    npm = true
  }

  start {
    command = "NODE_PATH=$(npm root -g) node /home/user/app/server.js"
    timeout = "1m"
    ready { port = 3000 }
  }

  check "answers" {
    command  = "curl --silent --retry 20 --retry-connrefused --retry-delay 1 --max-time 30 http://127.0.0.1:3000/health"
    contains = "ok"
    timeout  = "40s"
  }
}
