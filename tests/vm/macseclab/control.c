// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/macseclab: `control` takes "add N ONE TWO" (the two ends'
 * rules by name) and "del N"; pairN/cable and pairN/leak take 0 and 1;
 * pairN/a and pairN/b are the counters of an end, "name value" a line.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "macseclab.h"

static struct dentry *lab_folder;
static LIST_HEAD(lab_pairs);
static DEFINE_MUTEX(lab_mutex);	/* of lab_pairs */

#define LAB_NAME(name) #name,
static const char *const lab_names[] = { LAB_COUNTERS(LAB_NAME) };

static int lab_counters_show(struct seq_file *out, void *unused)
{
	struct lab_port *port = out->private;
	unsigned int i;

	for (i = 0; i < LAB_COUNTER_COUNT; i++)
		seq_printf(out, "%s %lld\n", lab_names[i],
			   (long long)atomic64_read(&port->counters[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lab_counters);

static int lab_cable_get(void *data, u64 *value)
{
	*value = ((struct lab_pair *)data)->plugged;
	return 0;
}

static int lab_cable_set(void *data, u64 value)
{
	struct lab_pair *pair = data;

	rtnl_lock();
	pair->plugged = value;
	lab_pair_carrier(pair);
	rtnl_unlock();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lab_cable_fops, lab_cable_get, lab_cable_set,
			 "%llu\n");

static const struct lab_rules *lab_find_rules(const char *name)
{
	unsigned int i;

	for (i = 0; i < lab_rules_count; i++)
		if (!strcmp(lab_rules[i].name, name))
			return &lab_rules[i];
	return NULL;
}

static struct lab_pair *lab_find_pair(unsigned int id)
{
	struct lab_pair *pair;

	list_for_each_entry(pair, &lab_pairs, list)
		if (pair->id == id)
			return pair;
	return NULL;
}

static void lab_free_pair(struct lab_pair *pair)
{
	struct lab_key *key, *next;
	unsigned int i;

	debugfs_remove(pair->folder);
	for (i = 0; i < 2; i++)
		if (pair->port[i])
			unregister_netdev(pair->port[i]->dev);
	for (i = 0; i < 2; i++)
		if (pair->port[i])
			lab_port_destroy(pair->port[i]);
	list_for_each_entry_safe(key, next, &pair->keys, list)
		kfree_sensitive(key);
	kfree(pair);
}

static int lab_add(unsigned int id, const struct lab_rules *const rules[2])
{
	struct lab_pair *pair;
	char name[16];
	unsigned int i;

	if (!rules[0] || !rules[1])
		return -EINVAL;
	if (lab_find_pair(id))
		return -EEXIST;
	pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	if (!pair)
		return -ENOMEM;
	spin_lock_init(&pair->lock);
	INIT_LIST_HEAD(&pair->keys);
	pair->id = id;
	pair->plugged = true;
	for (i = 0; i < 2; i++) {
		struct lab_port *port = lab_port_create(pair, "ab"[i],
							rules[i]);

		if (IS_ERR(port)) {
			lab_free_pair(pair);
			return PTR_ERR(port);
		}
		pair->port[i] = port;
	}
	pair->port[0]->peer = pair->port[1];
	pair->port[1]->peer = pair->port[0];
	list_add(&pair->list, &lab_pairs);
	snprintf(name, sizeof(name), "pair%u", id);
	pair->folder = debugfs_create_dir(name, lab_folder);
	debugfs_create_file("a", 0400, pair->folder, pair->port[0],
			    &lab_counters_fops);
	debugfs_create_file("b", 0400, pair->folder, pair->port[1],
			    &lab_counters_fops);
	debugfs_create_file("cable", 0600, pair->folder, pair,
			    &lab_cable_fops);
	debugfs_create_bool("leak", 0600, pair->folder, &pair->leak);
	return 0;
}

static int lab_del(unsigned int id)
{
	struct lab_pair *pair = lab_find_pair(id);

	if (!pair)
		return -ENOENT;
	list_del(&pair->list);
	lab_free_pair(pair);
	return 0;
}

static ssize_t lab_control_write(struct file *file, const char __user *from,
				 size_t size, loff_t *at)
{
	const struct lab_rules *rules[2];
	char text[64], one[16], two[16];
	unsigned int id;
	int err;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = 0;
	mutex_lock(&lab_mutex);
	if (sscanf(text, "add %u %15s %15s", &id, one, two) == 3) {
		rules[0] = lab_find_rules(one);
		rules[1] = lab_find_rules(two);
		err = lab_add(id, rules);
	} else if (sscanf(text, "del %u", &id) == 1) {
		err = lab_del(id);
	} else {
		err = -EINVAL;
	}
	mutex_unlock(&lab_mutex);
	return err ? err : size;
}

static const struct file_operations lab_control_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = lab_control_write,
};

static int __init lab_init(void)
{
	int err = lab_ports_init();

	if (err)
		return err;
	lab_folder = debugfs_create_dir("macseclab", NULL);
	debugfs_create_file("control", 0200, lab_folder, NULL,
			    &lab_control_fops);
	return 0;
}

static void __exit lab_exit(void)
{
	struct lab_pair *pair, *next;

	debugfs_remove(lab_folder);
	list_for_each_entry_safe(pair, next, &lab_pairs, list) {
		pair->folder = NULL;
		lab_free_pair(pair);
	}
	lab_ports_exit();
}

module_init(lab_init);
module_exit(lab_exit);

MODULE_DESCRIPTION("Pairs of Ethernet devices with imitated MACsec offload");
MODULE_AUTHOR("macsecd maintainers");
MODULE_LICENSE("GPL");
