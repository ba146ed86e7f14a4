package image

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// pick finds the image for this machine in an index.
func pick(index v1.ImageIndex) (v1.Image, error) {
	var others []string
	img, err := pickFrom(index, &others)
	if err != nil || img != nil {
		return img, err
	}
	if len(others) == 0 {
		return nil, &Error{Text: fmt.Sprintf("it holds no image for linux/%s", runtime.GOARCH)}
	}
	return nil, wrongArchitecture(strings.Join(others, ", "))
}

func pickFrom(index v1.ImageIndex, others *[]string) (v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, &remoteError{fmt.Errorf("reading the index: %w", err)}
	}
	for _, m := range manifest.Manifests {
		switch {
		case m.MediaType.IsIndex():
			inner, err := index.ImageIndex(m.Digest)
			if err != nil {
				return nil, &remoteError{fmt.Errorf("reading the index: %w", err)}
			}
			if img, err := pickFrom(inner, others); err != nil || img != nil {
				return img, err
			}
		case !m.MediaType.IsImage():
		case m.Platform == nil || m.Platform.Architecture == runtime.GOARCH && m.Platform.OS == "linux":
			return imageFrom(index, m.Digest)
		case m.Platform.OS == "linux" && !slices.Contains(*others, m.Platform.Architecture):
			*others = append(*others, m.Platform.Architecture)
		}
	}
	return nil, nil
}

// imageFrom reads the image with that digest, and no other one.
func imageFrom(index v1.ImageIndex, want v1.Hash) (v1.Image, error) {
	img, err := index.Image(want)
	if err != nil {
		return nil, &remoteError{err}
	}
	got, err := img.Digest()
	if err != nil {
		return nil, &remoteError{err}
	}
	if got != want {
		return nil, &remoteError{fmt.Errorf("the manifest has digest %s, not %s as the index says", got, want)}
	}
	return img, nil
}

func wrongArchitecture(got string) error {
	return &Error{Text: fmt.Sprintf("image architecture %q does not match expected %q", got, runtime.GOARCH)}
}

// checkPlatform refuses an image for another machine.
func checkPlatform(file *v1.ConfigFile) error {
	switch {
	case file.Architecture != "" && file.Architecture != runtime.GOARCH:
		return wrongArchitecture(file.Architecture)
	case file.OS != "" && file.OS != "linux":
		return &Error{Text: fmt.Sprintf("image operating system %q does not match expected %q", file.OS, "linux")}
	}
	return nil
}

// checkConfig refuses an image whose configuration is not the one that its
// manifest names.
func checkConfig(img v1.Image) error {
	manifest, err := img.Manifest()
	if err != nil {
		return &remoteError{err}
	}
	got, err := img.ConfigName()
	if err != nil {
		return &remoteError{err}
	}
	if got != manifest.Config.Digest {
		return &remoteError{fmt.Errorf("the configuration has digest %s, not %s as the manifest says", got, manifest.Config.Digest)}
	}
	return nil
}
