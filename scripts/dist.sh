#!/bin/sh
# Packs the release binary with what must go with it.
set -eu
cd "$(dirname "$0")/.."
version=$(cargo pkgid -p app | sed 's/.*[#@]//')
name=keyuan-$version-$(uname -m)
folder=dist/$name
rm -rf "$folder"
mkdir -p "$folder"
cp "${CARGO_TARGET_DIR:-target}/release/keyuan" "$folder/"
strip "$folder/keyuan"
for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE; do
    cp "$file" "$folder/"
done
cp -r docs packaging "$folder/"
tar -C dist -czf "dist/$name.tar.gz" "$name"
echo "dist/$name.tar.gz"
