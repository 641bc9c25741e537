/* SPDX-License-Identifier: MIT */
#include "init/settle.h"

#include <errno.h>
#include <glob.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define QUIET_MS     500 /* for buses whose drivers find disks by themselves, after they are loaded */
#define PROMPT_MS    100   /* for those that have found them when they are loaded */
#define USB_QUIET_MS 1500  /* a hub powers a port, debounces it and resets it without an event */
#define USB_MS	     15000 /* for the disks of a USB device: usb-storage waits a second by itself */
#define DEADLINE_MS  30000
#define NAP_MS	     50

#define USB_DEVICES	  "/sys/bus/usb/devices"
#define USB_CLASS_STORAGE "08"

/* The kernel's own event channel (netlink(7), NETLINK_KOBJECT_UEVENT, group 1). */
static int open_events(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	AUTO_CLOSE int fd = socket(
		AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		log_line("settle: cannot listen for events: %s", strerror(errno));
		return -1;
	}
	return steal_fd(&fd);
}

/* Whether a device on a bus is a disk or its controller: virtio types 2 (block) and 8 (SCSI host)
 * (Virtual I/O Device 1.2, section 5), Xen vbd, SCSI type 0 (disk; SPC-4, 6.4.2). Other devices of
 * the bus scsi are hosts and targets, which have no type. */
static bool is_storage(const char *bus, const char *device)
{
	char path[512], type[32];

	if (strcmp(bus, "xen") == 0)
		return text_starts_with(device, "vbd-");
	if (strcmp(bus, "scsi") == 0) {
		snprintf(path, sizeof(path), "/sys/bus/scsi/devices/%s/type", device);
		file_read_line(path, type, sizeof(type));
		return strcmp(type, "0") == 0;
	}
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/device", bus, device);
	file_read_line(path, type, sizeof(type));
	return strcmp(type, "0x0002") == 0 || strcmp(type, "0x0008") == 0;
}

/* Whether the device needs no more time. A virtio device is ready when its driver is bound. Xen's
 * driver makes the disk after binding, when the backend has answered. A SCSI disk also is made
 * after binding, when its size has been read. A Xen device that stays unbound while the driver is
 * loaded is a cdrom of an HVM domain, which has another driver (xen-blkfront's probe function). */
static bool is_ready(const char *bus, const char *device)
{
	bool on_xen = strcmp(bus, "xen") == 0;
	char path[512];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/driver", bus, device);
	if (access(path, F_OK) < 0)
		return on_xen && access("/sys/bus/xen/drivers/vbd", F_OK) == 0;
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/block", bus, device);
	return strcmp(bus, "virtio") == 0 || access(path, F_OK) == 0;
}

/* Names the first storage device of a bus that is not ready in ret; empty if all are ready. */
static void find_unready(const char *bus, char *ret, size_t ret_bytes)
{
	char folder[64];
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;

	ret[0] = '\0';
	snprintf(folder, sizeof(folder), "/sys/bus/%s/devices", bus);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !is_storage(bus, entry->d_name))
			continue;
		if (!is_ready(bus, entry->d_name)) {
			snprintf(ret, ret_bytes, "%s device %s", bus, entry->d_name);
			return;
		}
	}
}

/* Whether an NVMe controller needs no more time: it is in use, or has failed (Linux,
 * nvme_sysfs_show_state). */
static bool is_nvme_ready(const char *controller)
{
	char path[300], state[32];

	snprintf(path, sizeof(path), "/sys/class/nvme/%s/state", controller);
	file_read_line(path, state, sizeof(state));
	return strcmp(state, "live") == 0 || strcmp(state, "dead") == 0;
}

static void find_unready_nvme(char *ret, size_t ret_bytes)
{
	AUTO_CLOSEDIR DIR *dir = opendir("/sys/class/nvme");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_nvme_ready(entry->d_name))
			continue;
		snprintf(ret, ret_bytes, "NVMe controller %s", entry->d_name);
		return;
	}
}

/* Whether something matches the pattern. */
static bool any_path(const char *pattern)
{
	glob_t found = { 0 };
	bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;

	globfree(&found);
	return any;
}

/* Whether a storage interface of a USB device (Universal Serial Bus Mass Storage Class Overview,
 * class 08) has shown its disk. One without a driver never will. */
static bool is_usb_ready(const char *interface)
{
	char path[512], class[8];

	snprintf(path, sizeof(path), USB_DEVICES "/%.100s/bInterfaceClass", interface);
	file_read_line(path, class, sizeof(class));
	if (strcmp(class, USB_CLASS_STORAGE) != 0)
		return true;
	snprintf(path, sizeof(path), USB_DEVICES "/%.100s/driver", interface);
	if (access(path, F_OK) < 0)
		return true;
	snprintf(path, sizeof(path), USB_DEVICES "/%.100s/host*/target*/*/block/*", interface);
	return any_path(path);
}

/* Names the first USB device whose disk has not appeared in ret; empty if all have. Tells whether
 * there is a USB controller at all. */
static bool find_unready_usb(char *ret, size_t ret_bytes)
{
	AUTO_CLOSEDIR DIR *dir = opendir(USB_DEVICES);
	struct dirent *entry;
	bool any = false;

	ret[0] = '\0';
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		any = true;
		/* "1-2:1.0" is an interface of the device "1-2". */
		if (!ret[0] && strchr(entry->d_name, ':') && !is_usb_ready(entry->d_name))
			snprintf(ret, ret_bytes, "USB device %.100s", entry->d_name);
	}
	return any;
}

/* Whether a SCSI host had found its disks when its driver was loaded: the scan of virtio's is a
 * part of that with scsi_mod.scan=sync (Linux, scsi_scan_host), and loading waits for libata's
 * (do_init_module). */
static bool is_prompt_host(const char *name_file)
{
	static const char *const prompt[] = { "virtio_scsi", "ahci", "ata_piix", "ata_generic" };
	char name[64];

	file_read_line(name_file, name, sizeof(name));
	for (size_t i = 0; i < sizeof(prompt) / sizeof(prompt[0]); i++)
		if (strcmp(name, prompt[i]) == 0)
			return true;
	return false;
}

/* Whether all disks were found while the drivers were loaded. */
static bool is_prompt(void)
{
	glob_t hosts = { 0 };
	char scan[16];
	bool prompt = true;

	file_read_line("/sys/module/scsi_mod/parameters/scan", scan, sizeof(scan));
	glob("/sys/class/scsi_host/*/proc_name", GLOB_NOSORT, NULL, &hosts);
	for (size_t i = 0; i < hosts.gl_pathc && prompt; i++)
		prompt = strcmp(scan, "sync") == 0 && is_prompt_host(hosts.gl_pathv[i]);
	globfree(&hosts);
	return prompt && !any_path("/sys/class/nvme/*") && !any_path("/sys/bus/xen/devices/*") &&
	       !any_path("/sys/bus/vmbus/devices/*");
}

/* ret_quiet_ms is how long no event may have come. */
static bool all_ready(
	bool loaded, int64_t elapsed_ms, int *ret_quiet_ms, char *ret_missing, size_t ret_bytes)
{
	static const char *const buses[] = { "virtio", "xen", "scsi" };
	char missing_usb[128];

	if (find_unready_usb(missing_usb, sizeof(missing_usb)))
		*ret_quiet_ms = USB_QUIET_MS;
	else
		*ret_quiet_ms = loaded && is_prompt() ? PROMPT_MS : QUIET_MS;
	ret_missing[0] = '\0';
	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]) && !ret_missing[0]; i++)
		find_unready(buses[i], ret_missing, ret_bytes);
	if (!ret_missing[0])
		find_unready_nvme(ret_missing, ret_bytes);
	/* A device that is not a disk, such as a tape drive, shows none. */
	if (!ret_missing[0] && elapsed_ms < USB_MS)
		snprintf(ret_missing, ret_bytes, "%s", missing_usb);
	return ret_missing[0] == '\0';
}

/* True if an event came within so many milliseconds. Reads all queued events. */
static bool event_within(int fd, int timeout_ms)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	char event[8192];

	if (poll(&waiting, fd < 0 ? 0 : 1, timeout_ms) <= 0)
		return false;
	while (recv(fd, event, sizeof(event), 0) > 0)
		;
	return true;
}

void settle_wait(bool loaded)
{
	AUTO_CLOSE int events = open_events();
	int64_t start = clock_now_ms(), last_event = start;
	char missing[300];
	int quiet_ms;

	for (;;) {
		if (event_within(events, NAP_MS))
			last_event = clock_now_ms();
		bool ready = all_ready(
			loaded, clock_now_ms() - start, &quiet_ms, missing, sizeof(missing));

		if (ready && clock_now_ms() - last_event >= quiet_ms)
			return;
		if (clock_now_ms() - start >= DEADLINE_MS)
			break;
	}
	log_line("settle: devices did not come to rest within %d s%s%s", DEADLINE_MS / 1000,
		missing[0] ? ", not ready: " : "", missing);
}
