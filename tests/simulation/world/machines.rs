//! Machines that are copied, put back, restored, gone.

use super::World;
use crate::node::Node;

impl World {
    /// A copy of a machine's disk runs beside it, at an address of its own. Both look like one device.
    pub(crate) fn copy(&mut self, of: usize, name: &str) -> usize {
        let number = self.nodes.len();
        let disk = self.nodes[of].disk.copy();
        let mut node = Node::new(number as u8 + 1, name, self.seed);
        node.disk = std::sync::Arc::new(disk);
        self.place(node);
        self.start(number);
        number
    }

    /// A new machine whose home is restored from a backup.
    pub(crate) fn restored(&mut self, backup: &[(String, Vec<u8>)], name: &str) -> usize {
        let number = self.join(name);
        let noted = [
            ("place".to_owned(), vec![0; 32]),
            ("restored".to_owned(), asif_daemon::run::restored_note(&[7; 32], self.nodes[number].wall(self.time))),
        ];
        let files: Vec<_> = backup.iter().cloned().chain(noted).collect();
        asif_daemon::store::place(&*self.nodes[number].disk, std::path::Path::new("/data"), &files).unwrap();
        self.start(number);
        number
    }

    /// A machine is gone for good.
    pub(crate) fn forget(&mut self, node: usize) {
        self.nodes[node].disk = std::sync::Arc::new(asif_daemon::store::MemDisk::new());
        self.nodes[node].address = ([10, 0, 9, node as u8], 1).into();
    }

    /// A machine goes on from an old copy of its disk.
    pub(crate) fn put_back(&mut self, node: usize, disk: asif_daemon::store::MemDisk) {
        self.nodes[node].crash();
        self.forget_node(node);
        self.nodes[node].disk = std::sync::Arc::new(disk);
        self.start(node);
    }
}
