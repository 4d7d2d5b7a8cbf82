/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the sources that do what the kernel's MACsec asks of a driver. */
#ifndef MACSECLAB_OFFLOAD_H
#define MACSECLAB_OFFLOAD_H

#include "macseclab.h"

/* Each with the pair's lock. */
#define LAB_DO(name) \
	int lab_##name(struct lab_port *port, struct macsec_context *ctx)

/* secy.c */
LAB_DO(add_secy);
LAB_DO(upd_secy);
LAB_DO(del_secy);
LAB_DO(dev_open);
LAB_DO(dev_stop);

/* sa.c */
LAB_DO(add_rxsc);
LAB_DO(upd_rxsc);
LAB_DO(del_rxsc);
LAB_DO(add_rxsa);
LAB_DO(upd_rxsa);
LAB_DO(del_rxsa);
LAB_DO(add_txsa);
LAB_DO(upd_txsa);
LAB_DO(del_txsa);
LAB_DO(get_tx_sa_stats);

struct lab_secy *lab_find_secy(struct lab_port *port,
			       const struct macsec_secy *sw);
void lab_free_rxsc(struct lab_rxsc *sc);
void lab_rewrite(struct lab_secy *secy);
void lab_wipe(struct lab_secy *secy, bool forget);

#endif
