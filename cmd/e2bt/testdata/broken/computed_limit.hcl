# A limit that is computed: there is no place to edit.
# expect: words

template "computed-limit" {
  batch "work" {
    timeout = "${1 + 0}s"
    run     = ["sleep 2"]
  }
}
