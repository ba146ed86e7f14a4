# A template from a Dockerfile: FROM is the image it starts from, its lines are
# steps, and CMD is started. A step that fails is shown on its line there. Paths
# in the Dockerfile start at the directory of this file.

template "dockerfile" {
  base {
    dockerfile = "dockerfile/Dockerfile"
    args       = { GREETING = "Hello from E2B" }
  }

  batch "after" {
    timeout = "1m"
    run     = ["test -s /srv/app/greeting.txt"]
  }

  start {
    timeout = "1m"
    ready { port = 8080 }
  }

  check "answers" {
    command  = "curl --silent --retry 20 --retry-connrefused --retry-delay 1 --max-time 30 http://127.0.0.1:8080/greeting.txt"
    contains = "Hello from E2B, 2 pages"
    timeout  = "40s"
  }
}
