package local_test

const servedHome = "E2BT_TEST_SERVE"

func serveUntilKilled(home string) {}
