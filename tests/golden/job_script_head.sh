#!/bin/bash -p
root='/home/a user/it'"'"'s $HOME `id`/runs'
job_name=kernelkit-0123456789ab
grace=20
interface=ib0
network=167837696
netmask=4294901760
