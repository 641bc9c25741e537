/* SPDX-License-Identifier: MIT */
/*
 * modules — loads the kernel modules of the lean ISO.
 *
 * It does what udev and modprobe do elsewhere: a driver is loaded if the machine has a device for
 * it (driver_line), with its dependencies and with the parameters that the kernel command line has
 * for it (module_parameters). Drivers without a device would only take time and memory.
 *
 * Tested by: tests/engines/shapes.sh.
 */
#pragma once

/* Loads the drivers of /lib/modules/drivers. Failures are logged and not fatal: the install reports
 * what it lacks. */
void modules_load_drivers(void);

/* Loads one file of /lib/modules. A file that is not there is ignored: on a live system udev has
 * loaded the driver. */
void modules_load_file(const char *name);
