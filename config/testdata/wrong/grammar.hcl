template "ok-label" {
  name = "team/agent"
}

template "two words" {}

template "upper" {
  name = "Upper"
}

template "colon" {
  name = "agent:latest"
}

template "slashes" {
  name = "a/b/c"
}

template "empty" {
  name = ""
}

template "long" {
  name = "a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a12345678"
}

template "tags" {
  tags = ["v1.0", " Trimmed ", "with space", "fp-0123456789abcdef", "1f2e3d4c-5b6a-7980-1234-567890abcdef", ""]
}

template "users" {
  user = "Root"
  set { user = "1000" }
}

template "" {}

template {
}

template "a" "b" {}
