template "a" {
  batch "x" {
    run = [
  }
}
