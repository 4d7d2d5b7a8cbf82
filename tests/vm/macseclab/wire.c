// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path: IEEE 802.1AE frames whose text is clear and whose ICV is the
 * key identifier.
 */
#include <linux/etherdevice.h>
#include <linux/unaligned.h>
#include <net/dst_metadata.h>

#include "macseclab.h"

#define LAB_ICV_LEN MACSEC_KEYID_LEN
/* EtherType, TCI and AN, SL, PN; the SCI is optional. */
#define LAB_TAG_LEN 8
#define LAB_ADDRESSES (2 * ETH_ALEN)
/* Secure data shorter than this has its length in SL. */
#define LAB_SHORT 48

static struct sk_buff *lab_drop(struct lab_port *port, struct sk_buff *skb,
				enum lab_counter why)
{
	lab_count(port, why);
	kfree_skb(skb);
	return NULL;
}

static bool lab_in_gap(const struct lab_secy *secy)
{
	return secy->gap_until && ktime_get_ns() < secy->gap_until;
}

static bool lab_is_eapol(const struct sk_buff *skb)
{
	return eth_hdr(skb)->h_proto == htons(ETH_P_PAE);
}

/* The SecY whose device a frame comes from; NULL: the parent's own. */
static struct lab_secy *lab_sender(struct lab_port *port, struct sk_buff *skb)
{
	struct metadata_dst *md = skb_metadata_dst(skb);
	struct lab_secy *secy;

	if (!md || md->type != METADATA_MACSEC)
		return NULL;
	list_for_each_entry(secy, &port->secys, list)
		if (secy->sw->sci == md->u.macsec_info.sci)
			return secy;
	return NULL;
}

static bool lab_tx_usable(const struct lab_txsa *sa)
{
	return sa->sw && sa->active && sa->loaded;
}

/* The SA that hardware sends with, and its AN. */
static struct lab_txsa *lab_tx_sa(struct lab_port *port, struct lab_secy *secy,
				  unsigned int *an)
{
	struct lab_txsa *found = NULL;
	unsigned int i;

	*an = secy->encoding;
	if (!secy->loaded)
		return NULL;
	if (!port->rules->an_at_add) {
		found = &secy->tx[secy->encoding];
		return lab_tx_usable(found) ? found : NULL;
	}
	/* Flows are tried in their order, whatever the encoding AN. */
	for (i = 0; i < MACSEC_NUM_AN; i++) {
		struct lab_txsa *sa = &secy->tx[i];

		if (!lab_tx_usable(sa) || (found && found->serial < sa->serial))
			continue;
		found = sa;
		*an = i;
	}
	return found;
}

static void lab_use_number(struct lab_port *port, struct lab_key *key, u64 pn)
{
	if (key->highest && pn >= key->lowest && pn <= key->highest) {
		lab_count(port, LAB_out_pn_twice);
		return;
	}
	if (!key->highest || pn < key->lowest)
		key->lowest = pn;
	if (pn > key->highest)
		key->highest = pn;
}

static struct sk_buff *lab_encode(struct sk_buff *skb, struct lab_secy *secy,
				  const struct lab_txsa *sa, u64 pn)
{
	const struct macsec_tx_sc *sc = &secy->sw->tx_sc;
	unsigned int data = skb->len - LAB_ADDRESSES;
	bool sci = macsec_send_sci(secy->sw);
	unsigned int len = LAB_TAG_LEN + (sci ? MACSEC_SCI_LEN : 0);
	struct sk_buff *out;
	u8 *tag;

	out = skb_copy_expand(skb, LL_MAX_HEADER + len, LAB_ICV_LEN,
			      GFP_ATOMIC);
	kfree_skb(skb);
	if (!out)
		return NULL;
	tag = skb_push(out, len);
	memmove(tag, tag + len, LAB_ADDRESSES);
	skb_reset_mac_header(out);
	tag += LAB_ADDRESSES;
	put_unaligned_be16(ETH_P_MACSEC, tag);
	tag[2] = sa->an_sent & MACSEC_AN_MASK;
	if (secy->encrypt)
		tag[2] |= MACSEC_TCI_CONFID;
	if (sci)
		tag[2] |= MACSEC_TCI_SC;
	else if (sc->end_station)
		tag[2] |= MACSEC_TCI_ES;
	if (!sci && sc->scb)
		tag[2] |= MACSEC_TCI_SCB;
	tag[3] = data < LAB_SHORT ? data : 0;
	put_unaligned_be32((u32)pn, tag + 4);
	if (sci)
		memcpy(tag + LAB_TAG_LEN, &secy->sw->sci, MACSEC_SCI_LEN);
	skb_put_data(out, sa->sw->key.id, LAB_ICV_LEN);
	out->protocol = htons(ETH_P_MACSEC);
	return out;
}

static struct sk_buff *lab_protect(struct lab_port *port,
				   struct lab_secy *secy, struct sk_buff *skb)
{
	bool wide = secy->sw->xpn && !port->rules->short_pn;
	struct lab_txsa *sa;
	unsigned int an;
	u64 pn;

	if (lab_in_gap(secy))
		return lab_drop(port, skb, LAB_gap);
	if (!secy->protect) {
		lab_count(port, LAB_out_unprotected);
		return skb;
	}
	sa = lab_tx_sa(port, secy, &an);
	if (!sa && port->pair->leak) {
		lab_count(port, LAB_out_clear);
		return skb;
	}
	if (!sa)
		return lab_drop(port, skb, LAB_out_no_key);
	pn = wide ? sa->pn : (u32)sa->pn;
	if (!pn) {
		macsec_pn_wrapped(secy->sw, sa->sw);
		sa->active = false;
		return lab_drop(port, skb, LAB_out_exhausted);
	}
	sa->pn = wide ? pn + 1 : (u32)(pn + 1);
	lab_use_number(port, sa->key, pn);
	if (sa->an_sent != an)
		lab_count(port, LAB_out_wrong_an);
	lab_count(port, LAB_out);
	return lab_encode(skb, secy, sa, pn);
}

/* The tag that tells a PHY which frames are MACsec's. */
int lab_insert_tlv(struct phy_device *phydev, struct sk_buff *skb)
{
	memset(skb_push(skb, LAB_TLV_LEN), 0, LAB_TLV_LEN);
	return 0;
}

struct sk_buff *lab_send(struct lab_port *port, struct sk_buff *skb)
{
	struct lab_secy *secy = lab_sender(port, skb), *other;

	if (skb->len > port->dev->mtu + VLAN_ETH_HLEN)
		return lab_drop(port, skb, LAB_out_too_long);
	if (secy && port->rules->tlv)
		skb_pull(skb, LAB_TLV_LEN);
	skb_reset_mac_header(skb);
	if (skb->len < ETH_HLEN)
		return lab_drop(port, skb, LAB_out_other);
	if (secy)
		return lab_protect(port, secy, skb);
	if (port->rules->owns_port && !lab_is_eapol(skb))
		list_for_each_entry(other, &port->secys, list)
			if (other->validate != MACSEC_VALIDATE_DISABLED)
				return lab_drop(port, skb, LAB_out_other);
	return skb;
}

/* Whether the kernel hands a clear frame to the SecY's device. */
static bool lab_takes(const struct lab_secy *secy, const struct ethhdr *eth)
{
	const struct net_device *dev = secy->sw->netdev;

	return netif_running(dev) &&
	       (ether_addr_equal(eth->h_dest, dev->dev_addr) ||
		is_multicast_ether_addr(eth->h_dest) ||
		dev->flags & IFF_PROMISC);
}

static struct sk_buff *lab_receive_clear(struct lab_port *port,
					 struct sk_buff *skb)
{
	const struct lab_rules *rules = port->rules;
	struct lab_secy *secy;
	bool taken = false;

	if (lab_is_eapol(skb))
		return skb;
	list_for_each_entry(secy, &port->secys, list) {
		bool takes = !rules->md_dst && lab_takes(secy, eth_hdr(skb));

		if (rules->owns_port &&
		    secy->validate != MACSEC_VALIDATE_DISABLED)
			return lab_drop(port, skb, LAB_in_clear_dropped);
		if (takes && secy->validate == MACSEC_VALIDATE_STRICT)
			return lab_drop(port, skb, LAB_in_clear_dropped);
		taken |= takes;
	}
	lab_count(port, taken ? LAB_in_clear_delivered : LAB_in_clear_parent);
	return skb;
}

/* The channel of a frame: by its SCI, by its address, or the only one. */
static struct lab_rxsc *lab_rx_sc(struct lab_port *port, const u8 *frame,
				  struct lab_secy **of)
{
	u8 tci = frame[LAB_ADDRESSES + 2];
	struct lab_rxsc *sc, *only = NULL;
	struct lab_secy *secy;
	bool many = false;
	sci_t sci = 0;

	if (tci & MACSEC_TCI_SC) {
		memcpy(&sci, frame + LAB_ADDRESSES + LAB_TAG_LEN, sizeof(sci));
	} else if (tci & MACSEC_TCI_ES) {
		const __be16 number = MACSEC_PORT_ES;

		memcpy(&sci, frame + ETH_ALEN, ETH_ALEN);
		memcpy((u8 *)&sci + ETH_ALEN, &number, sizeof(number));
	}
	list_for_each_entry(secy, &port->secys, list) {
		if (!secy->loaded)
			continue;
		*of = secy;
		list_for_each_entry(sc, &secy->rx_scs, list) {
			if (sci && sc->sci == sci)
				return sc->active ? sc : NULL;
			if (sci || !sc->active)
				continue;
			many |= !!only;
			only = sc;
		}
		if (only)
			return many ? NULL : only;
	}
	return NULL;
}

static struct sk_buff *lab_validate(struct lab_port *port,
				    struct sk_buff *skb, unsigned int len)
{
	const u8 *tag = skb->data + LAB_ADDRESSES;
	struct lab_secy *secy;
	struct lab_rxsc *sc = lab_rx_sc(port, skb->data, &secy);
	struct lab_rxsa *sa;
	u32 pn;

	if (!sc)
		return lab_drop(port, skb, LAB_in_no_sc);
	if (lab_in_gap(secy))
		return lab_drop(port, skb, LAB_gap);
	sa = &sc->sa[tag[2] & MACSEC_AN_MASK];
	if (!sa->sw || !sa->active || !sa->loaded)
		return lab_drop(port, skb, LAB_in_no_key);
	if (memcmp(sa->sw->key.id, skb_tail_pointer(skb) - LAB_ICV_LEN,
		   LAB_ICV_LEN))
		return lab_drop(port, skb, LAB_in_bad_key);
	pn = get_unaligned_be32(tag + 4);
	if (!secy->sw->xpn) {
		if (secy->sw->replay_protect &&
		    pn + (u64)secy->sw->replay_window < sa->lowest)
			return lab_drop(port, skb, LAB_in_late);
		sa->lowest = max_t(u64, sa->lowest, pn + 1ULL);
	}
	skb_trim(skb, skb->len - LAB_ICV_LEN);
	memmove(skb->data + len, skb->data, LAB_ADDRESSES);
	skb_pull(skb, len);
	skb_reset_mac_header(skb);
	if (sc->md_dst) {
		dst_hold(&sc->md_dst->dst);
		skb_dst_set(skb, &sc->md_dst->dst);
	}
	lab_count(port, LAB_in);
	return skb;
}

struct sk_buff *lab_receive(struct lab_port *port, struct sk_buff *skb)
{
	unsigned int len = LAB_TAG_LEN;

	if (eth_hdr(skb)->h_proto != htons(ETH_P_MACSEC))
		return lab_receive_clear(port, skb);
	/* Software's MACsec looks at it. */
	if (list_empty(&port->secys))
		return skb;
	skb = skb_unshare(skb, GFP_ATOMIC);
	if (!skb)
		return NULL;
	if (skb_linearize(skb) || skb->len < LAB_ADDRESSES + len)
		return lab_drop(port, skb, LAB_in_bad_tag);
	if (skb->data[LAB_ADDRESSES + 2] & MACSEC_TCI_SC)
		len += MACSEC_SCI_LEN;
	if (skb->len < ETH_HLEN + len + LAB_ICV_LEN)
		return lab_drop(port, skb, LAB_in_bad_tag);
	return lab_validate(port, skb, len);
}
