// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel asks about channels and SAs. */
#include <net/dst_metadata.h>

#include "offload.h"

struct lab_secy *lab_find_secy(struct lab_port *port,
			       const struct macsec_secy *sw)
{
	struct lab_secy *secy;

	list_for_each_entry(secy, &port->secys, list)
		if (secy->sw == sw)
			return secy;
	return NULL;
}

static struct lab_rxsc *lab_find_rxsc(struct lab_secy *secy, sci_t sci)
{
	struct lab_rxsc *sc;

	list_for_each_entry(sc, &secy->rx_scs, list)
		if (sc->sci == sci)
			return sc;
	return NULL;
}

static bool lab_tx_known(const struct lab_secy *secy, unsigned int an)
{
	return secy->tx[an].sw;
}

static unsigned int lab_tx_count(const struct lab_secy *secy)
{
	unsigned int an, count = 0;

	for (an = 0; an < MACSEC_NUM_AN; an++)
		count += lab_tx_known(secy, an);
	return count;
}

static unsigned int lab_rx_count(const struct lab_rxsc *sc)
{
	unsigned int an, count = 0;

	for (an = 0; an < MACSEC_NUM_AN; an++)
		count += !!sc->sa[an].sw;
	return count;
}

static unsigned int lab_rx_flows(const struct lab_secy *secy)
{
	const struct lab_rxsc *sc;
	unsigned int count = 0;

	list_for_each_entry(sc, &secy->rx_scs, list)
		count += lab_rx_count(sc);
	return count;
}

/* Makes the hardware count from the number that software has. */
void lab_rewrite(struct lab_secy *secy)
{
	unsigned int an;

	for (an = 0; an < MACSEC_NUM_AN; an++)
		if (secy->tx[an].sw)
			secy->tx[an].pn = READ_ONCE(secy->tx[an].sw->next_pn);
}

/* The hardware's SAs are gone; a driver without a list forgets them too. */
void lab_wipe(struct lab_secy *secy, bool forget)
{
	struct lab_rxsc *sc;
	unsigned int an;

	for (an = 0; an < MACSEC_NUM_AN; an++) {
		secy->tx[an].loaded = false;
		if (forget)
			secy->tx[an].sw = NULL;
	}
	list_for_each_entry(sc, &secy->rx_scs, list) {
		for (an = 0; an < MACSEC_NUM_AN; an++) {
			sc->sa[an].loaded = false;
			if (forget)
				sc->sa[an].sw = NULL;
		}
	}
}

void lab_free_rxsc(struct lab_rxsc *sc)
{
	list_del(&sc->list);
	if (sc->md_dst)
		dst_release(&sc->md_dst->dst);
	kfree(sc);
}

LAB_DO(add_rxsc)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy), *other;
	const struct lab_rules *rules = port->rules;
	unsigned int count = 0;
	struct lab_rxsc *sc;

	if (!secy)
		return -ENOENT;
	list_for_each_entry(other, &port->secys, list)
		if (other == secy || !rules->rx_scs_each)
			count += list_count_nodes(&other->rx_scs);
	if (rules->rx_scs && count >= rules->rx_scs)
		return -ENOSPC;
	sc = kzalloc(sizeof(*sc), GFP_ATOMIC);
	if (!sc)
		return -ENOMEM;
	sc->sci = ctx->rx_sc->sci;
	sc->active = ctx->rx_sc->active;
	if (rules->md_dst) {
		sc->md_dst = metadata_dst_alloc(0, METADATA_MACSEC, GFP_ATOMIC);
		if (!sc->md_dst) {
			kfree(sc);
			return -ENOMEM;
		}
		sc->md_dst->u.macsec_info.sci = sc->sci;
	}
	list_add_tail(&sc->list, &secy->rx_scs);
	return 0;
}

static struct lab_rxsc *lab_context_rxsc(struct lab_port *port,
					 struct macsec_context *ctx, sci_t sci)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);

	return secy ? lab_find_rxsc(secy, sci) : NULL;
}

LAB_DO(upd_rxsc)
{
	struct lab_rxsc *sc = lab_context_rxsc(port, ctx, ctx->rx_sc->sci);

	if (!sc)
		return -ENOENT;
	sc->active = ctx->rx_sc->active;
	return 0;
}

LAB_DO(del_rxsc)
{
	struct lab_rxsc *sc = lab_context_rxsc(port, ctx, ctx->rx_sc->sci);

	if (!sc)
		return -ENOENT;
	lab_free_rxsc(sc);
	return 0;
}

LAB_DO(add_rxsa)
{
	const struct macsec_rx_sa *sw = ctx->sa.rx_sa;
	struct lab_rxsc *sc = lab_context_rxsc(port, ctx, sw->sc->sci);
	const struct lab_rules *rules = port->rules;
	struct lab_rxsa *sa;

	if (!sc)
		return -ENOENT;
	if (lab_rx_count(sc) >= rules->sas)
		return -ENOSPC;
	if (rules->flows &&
	    lab_rx_flows(lab_find_secy(port, ctx->secy)) >= rules->flows)
		return -ENOSPC;
	sa = &sc->sa[ctx->sa.assoc_num];
	sa->sw = sw;
	sa->lowest = sw->next_pn;
	sa->active = sw->active;
	sa->loaded = true;
	return 0;
}

LAB_DO(upd_rxsa)
{
	const struct macsec_rx_sa *sw = ctx->sa.rx_sa;
	struct lab_rxsc *sc = lab_context_rxsc(port, ctx, sw->sc->sci);
	struct lab_rxsa *sa;

	if (!sc || !sc->sa[ctx->sa.assoc_num].sw)
		return -ENOENT;
	if (ctx->sa.update_pn && port->rules->no_pn_update)
		return -EINVAL;
	sa = &sc->sa[ctx->sa.assoc_num];
	sa->active = sw->active;
	if (ctx->sa.update_pn)
		sa->lowest = sw->next_pn;
	return 0;
}

LAB_DO(del_rxsa)
{
	sci_t sci = ctx->sa.rx_sa->sc->sci;
	struct lab_rxsc *sc = lab_context_rxsc(port, ctx, sci);

	if (!sc || !sc->sa[ctx->sa.assoc_num].sw)
		return -ENOENT;
	memset(&sc->sa[ctx->sa.assoc_num], 0, sizeof(sc->sa[0]));
	return 0;
}

static struct lab_key *lab_key(struct lab_pair *pair, const u8 *octets,
			       sci_t sci)
{
	struct lab_key *key;

	list_for_each_entry(key, &pair->keys, list)
		if (key->sci == sci &&
		    !memcmp(key->key, octets, sizeof(key->key)))
			return key;
	key = kzalloc(sizeof(*key), GFP_ATOMIC);
	if (!key)
		return NULL;
	memcpy(key->key, octets, sizeof(key->key));
	key->sci = sci;
	list_add(&key->list, &pair->keys);
	return key;
}

LAB_DO(add_txsa)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);
	const struct lab_rules *rules = port->rules;
	u8 octets[MACSEC_MAX_KEY_LEN] = {};
	struct lab_txsa *sa;
	struct lab_key *key;

	if (!secy)
		return -ENOENT;
	if (lab_tx_count(secy) >= rules->sas)
		return -ENOSPC;
	memcpy(octets, ctx->sa.key, min_t(size_t, ctx->secy->key_len,
					  sizeof(octets)));
	key = lab_key(port->pair, octets, ctx->secy->sci);
	memzero_explicit(octets, sizeof(octets));
	if (!key)
		return -ENOMEM;
	sa = &secy->tx[ctx->sa.assoc_num];
	sa->sw = ctx->sa.tx_sa;
	sa->key = key;
	sa->pn = sa->sw->next_pn;
	sa->active = sa->sw->active;
	sa->serial = port->pair->serial++;
	sa->an_sent = rules->an_at_add ? ctx->secy->tx_sc.encoding_sa :
					 ctx->sa.assoc_num;
	sa->loaded = !rules->when_operational || ctx->secy->operational;
	return 0;
}

LAB_DO(upd_txsa)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);
	const struct lab_rules *rules = port->rules;
	struct lab_txsa *sa;
	bool started;

	if (!secy || !lab_tx_known(secy, ctx->sa.assoc_num))
		return -ENOENT;
	if (ctx->sa.update_pn && rules->no_pn_update)
		return -EINVAL;
	sa = &secy->tx[ctx->sa.assoc_num];
	started = !sa->active && sa->sw->active;
	sa->active = sa->sw->active;
	if (ctx->sa.update_pn || rules->rewrite_on_update)
		sa->pn = sa->sw->next_pn;
	if (rules->when_operational && started &&
	    ctx->sa.assoc_num == secy->encoding)
		sa->loaded = true;
	return 0;
}

LAB_DO(del_txsa)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);

	if (!secy || !lab_tx_known(secy, ctx->sa.assoc_num))
		return -ENOENT;
	memset(&secy->tx[ctx->sa.assoc_num], 0, sizeof(secy->tx[0]));
	return 0;
}

LAB_DO(get_tx_sa_stats)
{
	struct lab_secy *secy = lab_find_secy(port, ctx->secy);

	if (port->rules->reads_pn && secy &&
	    lab_tx_known(secy, ctx->sa.assoc_num))
		ctx->sa.tx_sa->next_pn = secy->tx[ctx->sa.assoc_num].pn;
	return 0;
}
