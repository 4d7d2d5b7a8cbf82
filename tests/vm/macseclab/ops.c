// SPDX-License-Identifier: GPL-2.0-only
/* The operations of a port, and their counting. */
#include "offload.h"

static struct lab_port *lab_port_of(const struct macsec_context *ctx)
{
	if (ctx->offload == MACSEC_OFFLOAD_PHY)
		return netdev_priv(ctx->phydev->attached_dev);
	return macsec_netdev_priv(ctx->netdev);
}

static int lab_get_dev_stats(struct macsec_context *ctx)
{
	struct lab_port *port = lab_port_of(ctx);

	ctx->stats.dev_stats->OutPktsTooLong =
		atomic64_read(&port->counters[LAB_out_too_long]);
	return 0;
}

static int lab_call(struct macsec_context *ctx,
		    int (*what)(struct lab_port *port,
				struct macsec_context *ctx))
{
	struct lab_port *port = lab_port_of(ctx);
	int err;

	spin_lock_bh(&port->pair->lock);
	err = what(port, ctx);
	spin_unlock_bh(&port->pair->lock);
	lab_count(port, LAB_requests);
	if (err)
		lab_count(port, LAB_refused);
	return err;
}

#define LAB_CALL(name) \
	static int lab_do_##name(struct macsec_context *ctx) \
	{ \
		return lab_call(ctx, lab_##name); \
	}

/* Not among the requests: any look at the device makes it. */
static int lab_do_get_tx_sa_stats(struct macsec_context *ctx)
{
	struct lab_port *port = lab_port_of(ctx);
	int err;

	spin_lock_bh(&port->pair->lock);
	err = lab_get_tx_sa_stats(port, ctx);
	spin_unlock_bh(&port->pair->lock);
	return err;
}

LAB_CALL(dev_open)
LAB_CALL(dev_stop)
LAB_CALL(add_secy)
LAB_CALL(upd_secy)
LAB_CALL(del_secy)
LAB_CALL(add_rxsc)
LAB_CALL(upd_rxsc)
LAB_CALL(del_rxsc)
LAB_CALL(add_rxsa)
LAB_CALL(upd_rxsa)
LAB_CALL(del_rxsa)
LAB_CALL(add_txsa)
LAB_CALL(upd_txsa)
LAB_CALL(del_txsa)

static const struct macsec_ops lab_ops = {
	.mdo_dev_open = lab_do_dev_open,
	.mdo_dev_stop = lab_do_dev_stop,
	.mdo_add_secy = lab_do_add_secy,
	.mdo_upd_secy = lab_do_upd_secy,
	.mdo_del_secy = lab_do_del_secy,
	.mdo_add_rxsc = lab_do_add_rxsc,
	.mdo_upd_rxsc = lab_do_upd_rxsc,
	.mdo_del_rxsc = lab_do_del_rxsc,
	.mdo_add_rxsa = lab_do_add_rxsa,
	.mdo_upd_rxsa = lab_do_upd_rxsa,
	.mdo_del_rxsa = lab_do_del_rxsa,
	.mdo_add_txsa = lab_do_add_txsa,
	.mdo_upd_txsa = lab_do_upd_txsa,
	.mdo_del_txsa = lab_do_del_txsa,
};

/* The operations of a port: before its device or its PHY is registered. */
void lab_offload_init(struct lab_port *port)
{
	const struct lab_rules *rules = port->rules;

	port->ops = lab_ops;
	port->ops.rx_uses_md_dst = rules->md_dst;
	if (rules->stats) {
		port->ops.mdo_get_dev_stats = lab_get_dev_stats;
		port->ops.mdo_get_tx_sa_stats = lab_do_get_tx_sa_stats;
	}
	if (rules->tlv) {
		port->ops.mdo_insert_tx_tag = lab_insert_tlv;
		port->ops.needed_headroom = LAB_TLV_LEN;
	}
	if (rules->none || rules->phy)
		return;
	port->dev->macsec_ops = &port->ops;
	port->dev->hw_features |= NETIF_F_HW_MACSEC;
	port->dev->features |= NETIF_F_HW_MACSEC;
}
