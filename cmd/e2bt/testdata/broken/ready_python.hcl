# Python's server says its port in other words.
# expect: fixed

template "ready-python" {
  start {
    command = "python3 -u -m http.server 38413"
    timeout = "4s"
    ready { port = 8080 }
  }
}
