FROM --platform=linux/arm64 debian:$TAG
