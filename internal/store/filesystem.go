package store

import (
	"fmt"

	"qosreport/internal/fault"
)

const localDisk = "put store.path on a local disk or a block volume (ReadWriteOnce, a named volume); no network or shared folder"

// sharedFileSystems are the magic numbers of Linux's statfs(2) whose file systems cannot
// hold a write-ahead log: its index is memory that all processes share, which they do not
// across hosts or through a server in user space. SQLite's older journal would need no
// such memory, but it rests on file locks that these file systems lose or fake, and with
// a lock goes the promise of one mail; so they are refused instead.
//
// An overlay is not among them: its upper layer is a local file system. What lies there
// goes with the container, which only the one who starts it can know.
var sharedFileSystems = map[uint32]string{
	0x00006969: "NFS",
	0x0000517B: "SMB",
	0xFF534D42: "CIFS",
	0xFE534D42: "SMB 2",
	0x65735546: "FUSE",
	0x01021997: "9P",
	0x00C36400: "Ceph",
	0x0BD00BD0: "Lustre",
	0x5346414F: "AFS",
	0x6B414653: "AFS",
	0x73757245: "Coda",
	0x0000564C: "NCP",
	0x01161970: "GFS 2",
	0x7461636F: "OCFS 2",
	0x19830326: "BeeGFS",
	0x47504653: "GPFS",
	0xAAD7AAEA: "PanFS",
	0x786F4256: "a folder of the VirtualBox host",
	0xBACBACBC: "a folder of the VMware host",
}

// refuseFileSystem is the error for a file system that cannot hold the ledger, or nil.
func refuseFileSystem(dir string, magic uint32) error {
	name, shared := sharedFileSystems[magic]
	if !shared {
		return nil
	}
	err := fmt.Errorf("folder %s is on %s, where several processes cannot share a write-ahead log", dir, name)
	return fault.Advise(fault.New(fault.Output, fault.Render, err), "%s", localDisk)
}
