# SPDX-License-Identifier: MIT
# What QEMU does not need, it does not have. Devices stay: /dev/kvm, /dev/net/tun
# and the guest's block devices.
{
  CapabilityBoundingSet = "";
  LockPersonality = true;
  NoNewPrivileges = true;
  PrivateTmp = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHome = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectSystem = "strict";
  RestrictAddressFamilies = "AF_UNIX AF_INET AF_INET6 AF_NETLINK";
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  SystemCallArchitectures = "native";
  UMask = "0077";
}
