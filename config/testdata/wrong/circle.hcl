template "a" {
  base { template = template.b }
}

template "b" {
  base { template = template.c["x"] }
}

template "c" {
  for_each = toset(["x", "y"])
  base { template = template.a }
}

template "d" {
  base {
    template = template.cc
  }
}

template "e" {
  base {
    image      = "debian"
    dockerfile = "Dockerfile"
  }
}

template "A_B" {}
template "a-b" {
  name = "a_b"
}
template "bad" {
  name = "Not Good"
  tags = ["ok", "run-1", "no tag"]
}
