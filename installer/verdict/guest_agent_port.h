/* SPDX-License-Identifier: MIT */
/*
 * guest_agent_port — serves the virtio-serial port org.qemu.guest_agent.0 in a separate process.
 *
 * Engines ask on this port whether the machine is alive. guest_agent makes the replies. Only PID 1
 * serves the port: in a live system it belongs to that system's agent. The process neither delays
 * the install nor changes its result, whatever the host sends: its parent does not wait for it, the
 * kernel kills it first when memory runs out, and it ends with its parent.
 *
 * Tested by: tests/qemu/consoles.sh, tests/engines/virt_install.sh.
 */
#pragma once

/* Starts the process. It ends at once in a machine without the port. */
void guest_agent_port_start(void);
