# The same with an address.
# expect: fixed

template "ready-url" {
  start {
    command = "node -e \"require('http').createServer((q, r) => r.end('ok')).listen(38412, () => console.log('Listening on http://127.0.0.1:38412'))\""
    timeout = "4s"
    ready { url = "http://127.0.0.1:8000/" }
  }
}
