# Two versions that exclude each other: which one gives way is not ours to say.
# expect: words

template "conflict" {
  batch "work" {
    pip = ["requests==2.31.0", "urllib3==1.20"]
  }
}
