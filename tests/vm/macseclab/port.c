// SPDX-License-Identifier: GPL-2.0-only
/* The Ethernet devices, the cable between two, and their PHYs. */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "macseclab.h"

static struct platform_device *lab_parent;

static netdev_tx_t lab_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct lab_port *port = netdev_priv(dev), *peer = port->peer;
	unsigned int len = skb->len;

	if (!netif_carrier_ok(dev)) {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	spin_lock(&port->pair->lock);
	skb = lab_send(port, skb);
	if (skb) {
		skb_scrub_packet(skb, true);
		skb->pkt_type = PACKET_HOST;
		skb_reset_mac_header(skb);
		skb = lab_receive(peer, skb);
	}
	spin_unlock(&port->pair->lock);
	dev_sw_netstats_tx_add(dev, 1, len);
	if (!skb)
		return NETDEV_TX_OK;
	len = skb->len;
	skb->protocol = eth_type_trans(skb, peer->dev);
	if (netif_rx(skb) == NET_RX_SUCCESS)
		dev_sw_netstats_rx_add(peer->dev, len);
	return NETDEV_TX_OK;
}

/* As a cable does: carrier needs both ends up and the cable plugged. */
void lab_pair_carrier(struct lab_pair *pair)
{
	bool on = pair->plugged;
	unsigned int i;

	ASSERT_RTNL();
	for (i = 0; i < 2; i++)
		on &= pair->port[i] && netif_running(pair->port[i]->dev);
	for (i = 0; i < 2; i++) {
		struct lab_port *port = pair->port[i];

		if (!port || netif_carrier_ok(port->dev) == on)
			continue;
		if (on) {
			lab_offload_carrier(port);
			netif_carrier_on(port->dev);
		} else {
			netif_carrier_off(port->dev);
		}
	}
}

static int lab_open(struct net_device *dev)
{
	struct lab_port *port = netdev_priv(dev);

	netif_start_queue(dev);
	lab_pair_carrier(port->pair);
	return 0;
}

static int lab_stop(struct net_device *dev)
{
	struct lab_port *port = netdev_priv(dev);

	netif_stop_queue(dev);
	lab_pair_carrier(port->pair);
	return 0;
}

static void lab_uninit(struct net_device *dev)
{
	if (dev->phydev)
		phy_detach(dev->phydev);
}

/* Every address is received. */
static void lab_set_rx_mode(struct net_device *dev)
{
}

static const struct net_device_ops lab_netdev_ops = {
	.ndo_open = lab_open,
	.ndo_stop = lab_stop,
	.ndo_uninit = lab_uninit,
	.ndo_start_xmit = lab_xmit,
	.ndo_set_rx_mode = lab_set_rx_mode,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void lab_get_drvinfo(struct net_device *dev,
			    struct ethtool_drvinfo *info)
{
	struct lab_port *port = netdev_priv(dev);

	strscpy(info->driver, port->rules->driver, sizeof(info->driver));
}

static int lab_get_link_ksettings(struct net_device *dev,
				  struct ethtool_link_ksettings *settings)
{
	settings->base.speed = SPEED_10000;
	settings->base.duplex = DUPLEX_FULL;
	settings->base.port = PORT_OTHER;
	return 0;
}

static const struct ethtool_ops lab_ethtool_ops = {
	.get_drvinfo = lab_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = lab_get_link_ksettings,
};

static int lab_mdio_read(struct mii_bus *bus, int address, int number)
{
	const struct lab_port *port = bus->priv;

	if (number == MII_PHYSID1)
		return port->rules->phy_id >> 16;
	return number == MII_PHYSID2 ? port->rules->phy_id & 0xffff : 0;
}

static int lab_mdio_write(struct mii_bus *bus, int address, int number,
			  u16 value)
{
	return 0;
}

static int lab_phy_probe(struct phy_device *phydev)
{
	struct lab_port *port = phydev->mdio.bus->priv;

	phydev->macsec_ops = &port->ops;
	return 0;
}

static int lab_phy_nothing(struct phy_device *phydev)
{
	return 0;
}

static struct phy_driver lab_phy_drivers[] = {
	{
		PHY_ID_MATCH_EXACT(0x000707c0),
		.name = "Microsemi GE VSC8584 SyncE",
		.features = PHY_GBIT_FEATURES,
		.probe = lab_phy_probe,
		.soft_reset = lab_phy_nothing,
		.config_init = lab_phy_nothing,
	},
	{
		PHY_ID_MATCH_EXACT(0x001bb010),
		.name = "NXP C45 TJA1103",
		.features = PHY_GBIT_FEATURES,
		.probe = lab_phy_probe,
		.soft_reset = lab_phy_nothing,
		.config_init = lab_phy_nothing,
	},
};

static int lab_phy_create(struct lab_port *port)
{
	struct phy_device *phydev;
	int err;

	port->bus = mdiobus_alloc();
	if (!port->bus)
		return -ENOMEM;
	port->bus->name = "macseclab";
	port->bus->priv = port;
	port->bus->read = lab_mdio_read;
	port->bus->write = lab_mdio_write;
	port->bus->parent = &lab_parent->dev;
	port->bus->phy_mask = ~1U;
	snprintf(port->bus->id, MII_BUS_ID_SIZE, "%s", port->dev->name);
	err = mdiobus_register(port->bus);
	if (err)
		goto free;
	phydev = phy_find_first(port->bus);
	if (!phydev) {
		err = -ENODEV;
		goto unregister;
	}
	rtnl_lock();
	err = phy_attach_direct(port->dev, phydev, 0,
				PHY_INTERFACE_MODE_INTERNAL);
	rtnl_unlock();
	if (!err)
		return 0;
unregister:
	mdiobus_unregister(port->bus);
free:
	mdiobus_free(port->bus);
	port->bus = NULL;
	return err;
}

static void lab_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &lab_netdev_ops;
	dev->ethtool_ops = &lab_ethtool_ops;
	dev->priv_flags |= IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE |
			   IFF_UNICAST_FLT;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->lltx = true;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->max_mtu = ETH_MAX_MTU;
	dev->needed_headroom = LAB_TLV_LEN;
	dev->needed_tailroom = MACSEC_KEYID_LEN;
	/* The SecY is named by the frame's metadata. */
	netif_keep_dst(dev);
	eth_hw_addr_random(dev);
}

struct lab_port *lab_port_create(struct lab_pair *pair, char side,
				 const struct lab_rules *rules)
{
	char name[IFNAMSIZ];
	struct net_device *dev;
	struct lab_port *port;
	int err;

	snprintf(name, sizeof(name), "lab%u%c", pair->id, side);
	dev = alloc_netdev(sizeof(*port), name, NET_NAME_ENUM, lab_setup);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	SET_NETDEV_DEV(dev, &lab_parent->dev);
	port = netdev_priv(dev);
	port->dev = dev;
	port->pair = pair;
	port->rules = rules;
	INIT_LIST_HEAD(&port->secys);
	lab_offload_init(port);
	netif_carrier_off(dev);
	err = register_netdev(dev);
	if (err)
		goto free;
	err = rules->phy ? lab_phy_create(port) : 0;
	if (!err)
		return port;
	unregister_netdev(dev);
free:
	free_netdev(dev);
	return ERR_PTR(err);
}

/* The other port may be in use until both are unregistered. */
void lab_port_destroy(struct lab_port *port)
{
	lab_offload_free(port);
	if (port->bus) {
		mdiobus_unregister(port->bus);
		mdiobus_free(port->bus);
	}
	free_netdev(port->dev);
}

static struct platform_driver lab_driver = {
	.driver.name = "macseclab",
};

int lab_ports_init(void)
{
	int err;

	err = platform_driver_register(&lab_driver);
	if (err)
		return err;
	lab_parent = platform_device_register_simple("macseclab",
						     PLATFORM_DEVID_NONE,
						     NULL, 0);
	if (IS_ERR(lab_parent)) {
		err = PTR_ERR(lab_parent);
		goto driver;
	}
	err = phy_drivers_register(lab_phy_drivers,
				   ARRAY_SIZE(lab_phy_drivers), THIS_MODULE);
	if (!err)
		return 0;
	platform_device_unregister(lab_parent);
driver:
	platform_driver_unregister(&lab_driver);
	return err;
}

void lab_ports_exit(void)
{
	phy_drivers_unregister(lab_phy_drivers, ARRAY_SIZE(lab_phy_drivers));
	platform_device_unregister(lab_parent);
	platform_driver_unregister(&lab_driver);
}
