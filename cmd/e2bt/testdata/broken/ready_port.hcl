# The probe asks another port than the server's.
# expect: fixed

template "ready-port" {
  start {
    command = "node -e \"require('http').createServer((q, r) => r.end('ok')).listen(38411, () => console.log('Listening on http://127.0.0.1:38411'))\""
    timeout = "4s"
    ready { port = 8000 }
  }
}
