// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel asks about SecYs. */
#include <linux/etherdevice.h>

#include "offload.h"

static void lab_settings(struct lab_secy *secy)
{
	const struct macsec_secy *sw = secy->sw;

	secy->encoding = sw->tx_sc.encoding_sa;
	secy->protect = sw->protect_frames;
	secy->encrypt = sw->tx_sc.encrypt;
	secy->validate = sw->validate_frames;
}

static int lab_check_settings(const struct lab_rules *rules,
			      const struct macsec_secy *sw)
{
	if (rules->refuse)
		return -EOPNOTSUPP;
	if (rules->no_xpn && sw->xpn)
		return -EOPNOTSUPP;
	if (rules->strict_only &&
	    (sw->validate_frames != MACSEC_VALIDATE_STRICT ||
	     !sw->protect_frames || !sw->tx_sc.encrypt))
		return -EINVAL;
	if (rules->short_icv && sw->icv_len != MACSEC_DEFAULT_ICV_LEN)
		return -EINVAL;
	if (rules->no_scb && sw->tx_sc.scb)
		return -EINVAL;
	return 0;
}

static int lab_check_room(struct lab_port *port, const struct macsec_secy *sw)
{
	const struct lab_rules *rules = port->rules;
	unsigned int count = 0;
	struct lab_secy *other;

	list_for_each_entry(other, &port->secys, list) {
		count++;
		if (rules->one_mac &&
		    ether_addr_equal(other->sw->netdev->dev_addr,
				     sw->netdev->dev_addr))
			return -EBUSY;
		if (rules->es_only && !(sw->tx_sc.end_station &&
					other->sw->tx_sc.end_station))
			return -EBUSY;
	}
	return rules->secys && count >= rules->secys ? rules->secys_full : 0;
}

LAB_DO(add_secy)
{
	struct lab_secy *secy;
	int err;

	err = lab_check_settings(port->rules, ctx->secy);
	if (!err)
		err = lab_check_room(port, ctx->secy);
	if (err)
		return err;
	secy = kzalloc(sizeof(*secy), GFP_ATOMIC);
	if (!secy)
		return -ENOMEM;
	secy->sw = ctx->secy;
	secy->loaded = true;
	INIT_LIST_HEAD(&secy->rx_scs);
	lab_settings(secy);
	list_add_tail(&secy->list, &port->secys);
	lab_count(port, LAB_secys);
	return 0;
}

LAB_DO(upd_secy)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);
	int err;

	if (!secy)
		return -ENOENT;
	err = lab_check_settings(port->rules, ctx->secy);
	if (err)
		return err;
	lab_count(port, LAB_settings);
	lab_settings(secy);
	if (port->rules->wipe_on_update)
		lab_wipe(secy, true);
	secy->gap_until = ktime_get_ns() +
			  port->rules->gap_us * (u64)NSEC_PER_USEC;
	return 0;
}

static void lab_free_secy(struct lab_secy *secy)
{
	struct lab_rxsc *sc, *next;

	list_for_each_entry_safe(sc, next, &secy->rx_scs, list)
		lab_free_rxsc(sc);
	list_del(&secy->list);
	kfree(secy);
}

LAB_DO(del_secy)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);

	if (!secy)
		return -ENOENT;
	lab_free_secy(secy);
	return 0;
}

LAB_DO(dev_open)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);

	if (!secy)
		return -ENOENT;
	secy->loaded = true;
	if (port->rules->open_rewrites)
		lab_rewrite(secy);
	return 0;
}

LAB_DO(dev_stop)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);
	struct lab_secy *other;

	if (!secy)
		return -ENOENT;
	if (!port->rules->stop_clears) {
		secy->loaded = port->rules->stop_keeps;
		return 0;
	}
	list_for_each_entry(other, &port->secys, list)
		other->loaded = false;
	return 0;
}

/* The carrier is back. */
void lab_offload_carrier(struct lab_port *port)
{
	struct lab_secy *secy;

	spin_lock_bh(&port->pair->lock);
	list_for_each_entry(secy, &port->secys, list) {
		if (port->rules->carrier_rewrites)
			lab_rewrite(secy);
		if (port->rules->carrier_wipes)
			lab_wipe(secy, port->rules->wipe_on_update);
	}
	spin_unlock_bh(&port->pair->lock);
}

void lab_offload_free(struct lab_port *port)
{
	struct lab_secy *secy, *next;

	list_for_each_entry_safe(secy, next, &port->secys, list)
		lab_free_secy(secy);
}
