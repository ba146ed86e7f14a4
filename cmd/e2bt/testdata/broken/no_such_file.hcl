# A file that is nowhere.
# expect: words

template "no-such-file" {
  batch "work" {
    run = ["python3 nowhere.py"]
  }
}
