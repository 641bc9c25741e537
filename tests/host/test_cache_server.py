#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves with the real nginx that a binary cache is served, and nothing else that lies beside it."""

import http.client
import os
import tempfile
import unittest

import tap
from host.install.cache_server import CacheServer, Serving

NARINFO = "0" * 32 + ".narinfo"


class Serves(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.base = temporary.name
        for name in (
            "cache/nix-cache-info",
            f"cache/{NARINFO}",
            "cache/nar/a.nar.zst",
            "cache/guest.json",
            "cache/secret-key",
            "cache/.git/config",
            "secret",
        ):
            path = os.path.join(self.base, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(name)
        os.symlink("../../secret", os.path.join(self.base, "cache/nar/link.nar"))
        os.symlink("..", os.path.join(self.base, "cache/nar/up"))

    def serve(self, folder, serving=Serving()):
        private = os.path.join(self.base, f"nginx{len(os.listdir(self.base))}")
        os.mkdir(private)
        server = CacheServer(os.path.join(self.base, folder), private, serving)
        self.addCleanup(server.close)
        return server.port

    def get(self, port, path, method="GET"):
        """The status of a request whose path is sent as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=False)
            connection.endheaders()
            return connection.getresponse().status
        finally:
            connection.close()

    def test_the_files_of_a_cache_are_served_and_no_others(self):
        port = self.serve("cache")
        for path in ("/nix-cache-info", f"/{NARINFO}", "/nar/a.nar.zst", "/guest.json"):
            self.assertEqual(self.get(port, path), 200, path)
        for path in (
            "/",
            "/secret-key",
            "/.git/config",
            "/nar/",
            "/nar/../secret-key",
            "/nar/%2e%2e/secret-key",
            "/../secret",
            "/nar/..%2f..%2fsecret",
            "/nar/link.nar",
            "/nar/up/secret-key",
            "/nar/up/up/secret",
        ):
            self.assertIn(self.get(port, path), (400, 403, 404), path)
        self.assertEqual(self.get(port, "/nix-cache-info", "DELETE"), 403)

    def test_a_cache_of_the_user_below_the_root_may_be_a_link_itself(self):
        os.mkdir(os.path.join(self.base, "root"))
        os.symlink("../cache", os.path.join(self.base, "root/cache"))
        with open(os.path.join(self.base, "root/guest.json"), "w") as file:
            file.write("{}")
        os.symlink("../secret", os.path.join(self.base, "root/guest-link.json"))
        port = self.serve("root", Serving(cache="/cache"))
        self.assertEqual(self.get(port, "/guest.json"), 200)
        self.assertIn(self.get(port, "/guest-link.json"), (403, 404))
        self.assertEqual(self.get(port, "/cache/nix-cache-info"), 200)
        self.assertEqual(self.get(port, "/cache/nar/a.nar.zst"), 200)
        for path in ("/cache/nar/link.nar", "/cache/secret-key", "/nix-cache-info"):
            self.assertIn(self.get(port, path), (403, 404), path)


if __name__ == "__main__":
    tap.main()
