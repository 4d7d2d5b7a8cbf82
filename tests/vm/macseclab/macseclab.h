/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * macseclab: pairs of Ethernet devices with MACsec offload that behaves as
 * the offload of a known driver does, its limits and side effects included.
 * On the cable between them the packet number, the association number and the
 * key identifier stand in place of encryption, so that what would break
 * security or lose frames on real hardware is counted here.
 */
#ifndef MACSECLAB_H
#define MACSECLAB_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/phy.h>
#include <linux/spinlock.h>
#include <net/macsec.h>

/* What leaves the MACsec device of a PHY that is told by a tag (nxp). */
#define LAB_TLV_LEN 32

/**
 * struct lab_rules - what a driver and its hardware can and what they do
 * @name: in the control file
 * @driver: as ethtool names it
 * @phy: name of the PHY's driver; NULL: the MAC has the offload
 * @phy_id: identifier by which the PHY's driver is found
 * @secys: SecYs a device, 0: as many as asked for
 * @secys_full: error for one more
 * @rx_scs: receive channels, 0: as many as asked for
 * @rx_scs_each: @rx_scs is for each SecY rather than for the device
 * @sas: SAs of a channel and direction
 * @flows: SAs of all channels in a direction, 0: no limit
 * @gap_us: microseconds after a change of settings in which frames are lost
 */
struct lab_rules {
	const char *name;
	const char *driver;
	const char *phy;
	u32 phy_id;
	unsigned int secys;
	int secys_full;
	unsigned int rx_scs;
	bool rx_scs_each;
	unsigned int sas;
	unsigned int flows;
	unsigned int gap_us;

	bool none;		/* no offload at all */
	bool refuse;		/* every SecY is refused */
	bool no_xpn;
	bool short_pn;		/* PNs of 32 bits whatever the suite */
	bool strict_only;	/* and protect and encrypt must be on */
	bool short_icv;		/* ICVs of 16 octets only */
	bool no_scb;
	bool one_mac;		/* a MAC address is one SecY's only */
	bool es_only;		/* further SecYs only with ES set */
	bool no_pn_update;	/* UPD_*SA with a PN is refused */
	bool md_dst;		/* the receiving SecY is told by SCI */
	bool when_operational;	/* a TX SA is made only then */
	bool an_at_add;		/* the AN sent is the encoding AN at ADD_TXSA */
	bool wipe_on_update;	/* a change of settings deletes all SAs */
	bool rewrite_on_update;	/* UPD_TXSA writes software's PN */
	bool stop_keeps;	/* a SecY whose device is down works on */
	bool stop_clears;	/* stop of one SecY clears all of them */
	bool open_rewrites;	/* open writes keys and software's PN */
	bool carrier_rewrites;	/* so does the parent's carrier */
	bool carrier_wipes;	/* the SAs are gone when carrier returns */
	bool stats;
	bool reads_pn;		/* statistics put the PN back into software */
	bool owns_port;		/* clear frames are dropped both ways */
	bool tlv;		/* frames carry a tag for the PHY */
};

extern const struct lab_rules lab_rules[];
extern const unsigned int lab_rules_count;

#define LAB_COUNTERS(one) \
	one(requests)		/* calls of the driver */ \
	one(refused)		/* those that returned an error */ \
	one(secys)		/* SecYs made */ \
	one(settings)		/* changes of a SecY's settings */ \
	one(out)		/* frames sent protected */ \
	one(out_clear)		/* sent clear although to be protected */ \
	one(out_unprotected)	/* sent clear as protect is off */ \
	one(out_no_key)		/* dropped: no usable SA */ \
	one(out_wrong_an)	/* sent with another AN than the SA's */ \
	one(out_pn_twice)	/* sent with a number the key has used */ \
	one(out_exhausted)	/* dropped: no number is left */ \
	one(out_too_long)	/* dropped: longer than the MTU */ \
	one(out_other)		/* dropped: not MACsec's, the PHY is */ \
	one(in)			/* frames received, checked and delivered */ \
	one(in_no_sc)		/* dropped: no channel of that SCI */ \
	one(in_no_key)		/* dropped: no usable SA of that AN */ \
	one(in_bad_key)		/* dropped: the SA has another key */ \
	one(in_late)		/* dropped: replay protection */ \
	one(in_bad_tag)		/* dropped: SecTAG or length is wrong */ \
	one(in_clear_dropped)	/* clear frames not for the parent */ \
	one(in_clear_delivered)	/* clear frames given to a SecY */ \
	one(in_clear_parent)	/* clear frames given to the parent */ \
	one(gap)		/* dropped while settings changed */

#define LAB_INDEX(name) LAB_##name,
enum lab_counter { LAB_COUNTERS(LAB_INDEX) LAB_COUNTER_COUNT };

struct lab_pair;

/* The numbers that a key was used with for one SCI; for the pair's life. */
struct lab_key {
	struct list_head list;
	u8 key[MACSEC_MAX_KEY_LEN];
	sci_t sci;
	u64 lowest;
	u64 highest;		/* 0: none yet */
};

/**
 * struct lab_txsa - transmit SA
 * @sw: the kernel's SA; NULL: the driver knows no such SA
 * @loaded: the hardware has it
 * @serial: the order in which SAs came
 */
struct lab_txsa {
	struct macsec_tx_sa *sw;
	struct lab_key *key;
	u64 pn;
	u32 serial;
	u8 an_sent;
	bool active;
	bool loaded;
};

/* Receive SA. The kernel names the key in @sw only after it asked for it. */
struct lab_rxsa {
	const struct macsec_rx_sa *sw;
	u64 lowest;
	bool active;
	bool loaded;
};

struct lab_rxsc {
	struct list_head list;
	struct metadata_dst *md_dst;
	sci_t sci;
	bool active;
	struct lab_rxsa sa[MACSEC_NUM_AN];
};

struct lab_secy {
	struct list_head list;
	struct macsec_secy *sw;
	struct list_head rx_scs;
	struct lab_txsa tx[MACSEC_NUM_AN];
	enum macsec_validation_type validate;
	u64 gap_until;		/* ktime, ns */
	u8 encoding;
	bool protect;
	bool encrypt;
	bool loaded;
};

struct lab_port {
	struct net_device *dev;
	struct lab_pair *pair;
	struct lab_port *peer;
	const struct lab_rules *rules;
	struct macsec_ops ops;
	struct mii_bus *bus;
	struct list_head secys;
	atomic64_t counters[LAB_COUNTER_COUNT];
};

/* @lock protects the SecYs of both ports and the keys. */
struct lab_pair {
	struct list_head list;
	spinlock_t lock;
	unsigned int id;
	bool plugged;
	bool leak;		/* seeded: frames without a key leave clear */
	u32 serial;
	struct list_head keys;
	struct lab_port *port[2];
	struct dentry *folder;
};

static inline void lab_count(struct lab_port *port, enum lab_counter which)
{
	atomic64_inc(&port->counters[which]);
}

/* ops.c, secy.c */
void lab_offload_init(struct lab_port *port);
void lab_offload_carrier(struct lab_port *port);
void lab_offload_free(struct lab_port *port);
int lab_insert_tlv(struct phy_device *phydev, struct sk_buff *skb);

/* port.c */
struct lab_port *lab_port_create(struct lab_pair *pair, char side,
				 const struct lab_rules *rules);
void lab_port_destroy(struct lab_port *port);
void lab_pair_carrier(struct lab_pair *pair);
int lab_ports_init(void);
void lab_ports_exit(void);

/* wire.c: both with the pair's lock; NULL: the frame is dropped and freed */
struct sk_buff *lab_send(struct lab_port *port, struct sk_buff *skb);
struct sk_buff *lab_receive(struct lab_port *port, struct sk_buff *skb);

#endif
