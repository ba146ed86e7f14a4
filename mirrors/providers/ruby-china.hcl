title = "Ruby China"
kind  = "community"
home  = "https://gems.ruby-china.com/"

endpoint "gem" {
  url        = "https://gems.ruby-china.com/"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Ruby/Ruby.c"
  checked_at = "2026-07-23"
}
