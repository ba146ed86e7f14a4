package mirrors

import "testing"

func BenchmarkReadLog(b *testing.B) {
	lines := []string{"(Reading database ... 100%", "gcc -O2 -Wall -c something/that/is/long/and/goes/on.c -o build/x.o", "Get:1 http://deb.example/debian bookworm/main amd64 libx11 all 1.0 [100 kB]", "  Downloading httpx-0.28.1-py3-none-any.whl.metadata (7.1 kB)"}
	for b.Loop() {
		for _, l := range lines {
			ReadLog(l)
		}
	}
}
