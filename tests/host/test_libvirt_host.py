#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves what first-run and run-guest do to volumes and domains of libvirt, whichever run left them.

The pool and the domains are those of libvirt's own test driver, which keeps them in memory. The
distribution's Python has the module libvirt.
"""

import contextlib
import io
import socket
import types
import unittest
from unittest import mock

import libvirt

import tap
from host.base.codes import Code, Failure
from host.install.options import parse
from host.libvirt import connection, libvirt_host, names, streams
from host.libvirt.libvirt_host import LibvirtHost
from host.run import domain_guest

BASE = "--hypervisor libvirt --pool default-pool --accel tcg --network none --iso iso --key key.pub"
OTHER = "<volume><name>{}</name><capacity>1048576</capacity></volume>"
DOMAIN = (
    "<domain type='test'><name>{}</name><uuid>{}</uuid><memory>65536</memory><os><type>hvm</type></os>"
    "</domain>"
)
# keepalive_interval * (keepalive_count + 1) in the default libvirtd.conf.
SERVER_PATIENCE_SECONDS = 30
connection._start_event_loop(libvirt)


class Library:
    """The binding. The test driver knows no file of firmware variables to remove."""

    VIR_DOMAIN_UNDEFINE_NVRAM = 0

    def __getattr__(self, name):
        return getattr(libvirt, name)


class Driver(connection.Connection):
    """A connection to the test driver."""

    def __init__(self, _uri=""):
        self.library, self.shown, self.is_lost = Library(), "test:///default", False
        self.is_xen = False
        self.server = libvirt.open("test:///default")


class Driven(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        tap.enter_folder(self)
        for name in ("iso", "key.pub"):
            with open(name, "w"):
                pass
        self.driver = Driver()
        stack.callback(self.driver.close)
        stack.enter_context(mock.patch.object(libvirt_host, "Connection", Driver))
        self.errors = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        self.pool = self.driver.server.storagePoolLookupByName("default-pool")
        for name in self.pool.listVolumes():
            self.pool.storageVolLookupByName(name).delete(0)
        for domain in self.driver.server.listAllDomains():
            if domain.isActive():
                domain.destroy()
            if domain.isPersistent():
                domain.undefine()

    def run_of(self, text):
        """A run of first-run with these options."""
        host = LibvirtHost(parse(f"{BASE} {text}".split()))
        self.addCleanup(host.close)
        return host

    def killed_while_publishing(self, text):
        host = self.run_of(text)
        host.clear()
        host.make()
        host._volumes.begin_publishing()
        host._volumes.copy()
        return host

    def volumes(self):
        return sorted(self.pool.listVolumes())

    def domains(self):
        """The names of all domains, and whether they run."""
        return {one.name(): bool(one.isActive()) for one in self.driver.server.listAllDomains()}

    def fails(self, code, words, action):
        with self.assertRaises(Failure) as caught:
            action()
        self.assertEqual(caught.exception.code, code, caught.exception.sentence)
        self.assertIn(words, caught.exception.sentence)


class Pools(Driven):
    @contextlib.contextmanager
    def pool_of(self, kind):
        """An active pool "other" of this type."""
        source = "<source><host name='h'/><device path='p'/><dir path='d'/><name>n</name></source>"
        target = "<target><path>/dev/disk/by-path</path></target>"
        text = f"<pool type='{kind}'><name>other</name>{source}{target}</pool>"
        pool = self.driver.server.storagePoolDefineXML(text, 0)
        pool.create(0)
        try:
            yield
        finally:
            pool.destroy()
            pool.undefine()

    def test_a_pool_in_which_libvirt_makes_no_volumes_is_refused(self):
        for kind in ("iscsi", "disk", "mpath"):
            with self.subTest(kind=kind), self.pool_of(kind):
                start = lambda: self.run_of("--pool other --disk web --size 1G").clear()
                self.fails(
                    Code.MISUSE, f"other is of the type {kind}, in which libvirt makes", start
                )

    def test_a_volume_group_has_raw_volumes(self):
        with self.pool_of("logical"):
            host = self.run_of("--pool other --disk web --size 1G")
            self.assertEqual(host._volumes.installing()[0].format, "raw")


class Recovery(Driven):
    def test_only_the_disks_that_a_run_makes_are_expendable(self):
        self.pool.createXML(OTHER.format("data"), 0)
        host = self.run_of("--disk web --size 1G --extra-disk data")
        self.assertEqual([one.expendable for one in host._volumes.installing()], [True, False])

    def test_a_volume_that_is_named_only_by_the_next_call_stays(self):
        self.killed_while_publishing("--disk web --size 1G")
        self.pool.createXML(OTHER.format("data"), 0)
        again = self.run_of("--disk web --size 1G --extra-disk data:1G")
        self.fails(Code.MISUSE, "data exists already", again.clear)
        self.assertEqual(self.volumes(), ["data"])

    def test_what_a_killed_run_left_goes_also_if_the_next_call_does_not_name_it(self):
        self.killed_while_publishing("--disk web --size 1G --extra-disk data:1G")
        self.run_of("--disk web --size 1G").clear()
        self.assertEqual(self.volumes(), [])

    def test_the_user_s_own_disk_stays_if_the_next_call_would_make_it(self):
        self.pool.createXML(OTHER.format("web"), 0)
        self.killed_while_publishing("--disk web --existing --size= --extra-disk data:1G")
        again = self.run_of("--disk web --size 1G")
        self.fails(Code.MISUSE, "web exists already", again.clear)
        self.assertEqual(self.volumes(), ["web"])

    def test_a_run_that_was_killed_after_the_guest_s_marker_went_has_published(self):
        self.killed_while_publishing("--disk web --size 1G")._volumes.end_publishing()
        again = self.run_of("--disk web --size 1G")
        self.fails(Code.MISUSE, "web exists already", again.clear)
        self.assertEqual(self.volumes(), ["web"])

    def test_guests_with_one_name_of_an_extra_disk_do_not_share_a_volume(self):
        web = self.run_of("--disk web --size 1G --extra-disk data:1G")
        shop = self.run_of("--disk shop --size 1G --extra-disk data:1G")
        for host in (web, shop):
            host.clear()
            host.make()
        mine = ["shop.installing", "shop.installing-1"]
        self.assertEqual(self.volumes(), [*mine, "web.installing", "web.installing-1"])
        web.publish()
        self.assertEqual(self.volumes(), ["data", *mine, "web"])
        self.fails(Code.MISUSE, "data exists already", shop.publish)
        shop.discard()
        self.assertEqual(self.volumes(), ["data", "web"])

    def test_while_another_run_uploads_nothing_is_removed(self):
        self.run_of("--disk web --size 1G").make()
        self.pool.createXML(OTHER.format("web" + names.ISO), 0)
        second = self.run_of("--disk web --size 1G")

        def remove(name, whole=second._volumes.pool.remove):
            if name == "web" + names.ISO:
                raise Failure(Code.BUSY, "in use")
            whole(name)

        second._volumes.pool.remove = remove
        self.fails(Code.BUSY, "in use", second.clear)
        self.assertEqual(self.volumes(), ["web.installing", "web.installing-iso"])


class Publishing(Driven):
    def test_a_volume_that_appears_while_the_server_copies_stays(self):
        for moment in ("web", "data"):
            with self.subTest(moment=moment):
                host = self.run_of("--disk web --size 1G --extra-disk data:1G")
                host.clear()
                host.make()

                def copy(source, name, format, whole=host._volumes.pool.copy, moment=moment):
                    if name == moment:
                        self.pool.createXML(OTHER.format("data"), 0)
                    whole(source, name, format)

                host._volumes.pool.copy = copy
                create = mock.Mock(side_effect=host._volumes.pool.create)
                host._volumes.pool.create = create
                self.fails(Code.MISUSE, "data appeared", host.publish)
                marked = "data" + names.owner_suffix("web") in str(create.mock_calls)
                self.assertEqual(marked, moment == "data")
                host.discard()
                self.assertEqual(self.volumes(), ["data"])
                self.pool.storageVolLookupByName("data").delete(0)

    def test_a_run_whose_volumes_another_run_removed_fails_and_leaves_the_rest_to_it(self):
        first = self.run_of("--disk web --size 1G --define")
        first.clear()
        first.make()
        second = self.run_of("--disk web --size 1G")

        def copy(*words, whole=first._volumes.pool.copy):
            whole(*words)
            second.clear()
            second.make()

        first._volumes.pool.copy = copy
        self.fails(Code.BUSY, "another run for web", first.publish)
        first.discard()
        self.assertEqual(self.volumes(), ["web.installing"])
        self.assertEqual(self.domains(), {})
        second.publish()
        self.assertEqual(self.volumes(), ["web"])

    def prepare_start(self, at):
        """A run with --start, and what `at` lists when volumes are removed: name to action."""
        host = self.run_of("--disk web --size 1G --start")
        host.clear()
        host.make()

        def remove(name, whole=host._volumes.pool.remove):
            at.get(name, lambda: None)()
            whole(name)

        host._volumes.pool.remove = remove
        return host

    def test_the_guest_starts_after_its_volumes_were_published(self):
        seen = []
        host = self.prepare_start({"web.publishing": lambda: seen.append(self.domains())})
        host.publish()
        self.assertEqual(seen[0], {"web": False})
        self.assertEqual((self.domains(), self.volumes()), ({"web": True}, ["web"]))

    def test_what_cannot_be_removed_after_that_is_no_failure(self):
        def fail():
            raise Failure(Code.EMULATOR, "cannot delete")

        host = self.prepare_start({"web.installing": fail})
        host.publish()
        self.assertEqual(self.domains(), {"web": True})
        self.assertIn("the next call removes what is left", self.errors.getvalue())
        host._volumes.pool.remove = lambda name: None
        host.discard()
        self.assertEqual(self.domains(), {"web": True})


class Streams(Driven):
    def test_a_reader_that_takes_nothing_is_given_up_before_the_server_ends_the_connection(self):
        self.assertLess(streams.PATIENCE_SECONDS, SERVER_PATIENCE_SECONDS / 2)
        stream = mock.Mock()
        stream.recv.return_value = b"x" * streams.READ_BYTES
        self.driver.server = mock.Mock(newStream=lambda _flags: stream)
        with mock.patch.object(streams, "PATIENCE_SECONDS", 0.1):
            console = streams.StreamSocket(self.driver, lambda _stream: None)
        self.addCleanup(console.close)
        for _ in range(100):
            console._arrived(stream, 0, None)
        self.assertFalse(console._open)


class Domains(Driven):
    def test_a_domain_that_no_run_of_ours_defined_stays(self):
        host = self.killed_while_publishing("--disk web --size 1G")
        self.driver.server.defineXML(DOMAIN.format("mine", host._guest_uuid))
        host.discard()
        self.assertEqual((self.domains(), self.volumes()), ({"mine": False}, []))
        self.killed_while_publishing("--disk web --size 1G")
        self.run_of("--disk web --size 1G").clear()
        self.assertEqual((self.domains(), self.volumes()), ({"mine": False}, []))
        again = self.run_of("--disk web --size 1G --define")
        self.fails(Code.MISUSE, "virsh undefine mine", again.clear)
        self.assertEqual(self.domains(), {"mine": False})

    def paused(self):
        uuid = names.identifier("guest", "pool", "web")
        domain = self.driver.server.defineXML(DOMAIN.format("web", uuid))
        domain.create()
        domain.suspend()
        return domain

    def test_run_guest_resumes_a_domain_that_was_left_paused(self):
        options = types.SimpleNamespace(name="web", task="daemon")
        domain = self.paused()
        with contextlib.redirect_stdout(io.StringIO()):
            domain_guest._use(self.driver, options, domain)
        self.assertEqual(domain.state()[0], libvirt.VIR_DOMAIN_RUNNING)

    def test_run_guest_resumes_a_paused_domain_that_it_follows(self):
        domain, states = self.paused(), []
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        console = types.SimpleNamespace(ours=ours, close=lambda: None)

        def ready(_text):
            states.append(domain.state()[0])
            domain.destroy()

        options = types.SimpleNamespace(name="web", task="run", log="log")
        with mock.patch.object(domain_guest, "StreamSocket", lambda *_: console):
            with mock.patch.object(domain_guest, "notify", ready):
                follow = lambda: domain_guest._use(self.driver, options, domain)
                self.fails(Code.DEADLINE, "ended before", follow)
        self.assertEqual(states, [libvirt.VIR_DOMAIN_RUNNING])


if __name__ == "__main__":
    tap.main()
