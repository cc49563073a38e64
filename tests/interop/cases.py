# SPDX-License-Identifier: Apache-2.0
"""The list of exchanges: who offers what, how each must end, and what the logs must hold then."""

import dataclasses

PSK, WRONG_PSK = 'interop-pre-shared-key-0123456789', 'another-pre-shared-key-0123456789'
DEFAULT = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768'
ESP = 'aes256gcm16'
BOTH = ('initiator', 'responder')


@dataclasses.dataclass(frozen=True)
class Host:
    address: str
    identity: str
    selector: str


# strongSwan and the other side; addresses by IP version, and on the way through the relay.
HOSTS = {4: (Host('10.91.0.1', 'peer.example', '10.92.1.1/32'), Host('10.91.0.2', 'us.example', '10.92.2.1/32')),
         6: (Host('fd91::1', 'peer.example', '10.92.1.1/32'), Host('fd91::2', 'us.example', '10.92.2.1/32'))}
RELAYED = (Host('10.91.1.1', 'peer.example', '10.92.1.1/32'), Host('10.91.2.1', 'us.example', '10.92.2.1/32'))
# The relay's, towards either.
RELAYS = ('10.91.1.9', '10.91.2.9')
# A peer that leaves its SAs half-open.
IDLE_ADDRESS, IDLE_IKE = '10.91.0.3', 'aes256gcm16-prfsha384-x25519'


@dataclasses.dataclass(frozen=True)
class Case:
    """One exchange. What the responder has differs from what the initiator has only where it is said."""

    name: str
    ike: str = DEFAULT
    responder_ike: str = ''
    esp: str = ''  # none: childless
    responder_esp: str = ''
    selectors: dict = dataclasses.field(default_factory=dict)  # by role; of the hosts at places 0 and 1
    child: bool = None  # whether a Child SA comes of it
    fragmentation: str = 'yes'
    same_psk: bool = True
    responder_identity: str = ''  # as the initiator expects it
    mobike: str = 'no'  # strongSwan's
    childless: str = ''  # strongSwan's; none: as it must be
    version: int = 4
    relay: tuple = ()  # of relay.py between them, every how many datagrams one is lost, and one doubled
    liveness: bool = False  # strongSwan asks whether the other side lives
    only_child: bool = False  # the Child SA is deleted before the IKE SA is
    deleted_by: str = 'initiator'
    succeeds: bool = True
    roles: tuple = BOTH  # ours
    ours_alone: bool = False  # it asks for what strongSwan does not do
    daemons: tuple = ('plain', 'plain')  # of strongSwan, as initiator and as responder
    generations: int = 0  # of keys, if the proposal does not say
    initiator_says: tuple = ()  # patterns for strongSwan's log as that side
    responder_says: tuple = ()
    never_says: tuple = ()
    options: tuple = ()  # for our command line
    ours_says: dict = dataclasses.field(default_factory=dict)  # patterns for what we print, by our role

    def hosts(self, place):
        """The host at that place and the other one, as this one sees it."""
        if self.relay:
            return RELAYED[place], dataclasses.replace(RELAYED[1 - place], address=RELAYS[place])
        return HOSTS[self.version][place], HOSTS[self.version][1 - place]

    def peer_identity(self, place, role):
        """What the side at that place expects of the other one."""
        return role == 'initiator' and self.responder_identity or self.hosts(place)[1].identity

    def traffic(self, place, role):
        """The selectors of the host at that place, with that role, and of the other one."""
        both = self.selectors.get(role, [host.selector for host in HOSTS[4]])
        return both[place], both[1 - place]

    def psk_of(self, role):
        return PSK if self.same_psk or role == 'responder' else WRONG_PSK

    @property
    def has_child(self):
        return bool(self.esp) if self.child is None else self.child

    @property
    def key_generations(self):
        chosen = (self.responder_ike or self.ike).split(',')[0]
        return self.generations or 1 + len({word[:4] for word in chosen.split('-') if word[:2] == 'ke' and '_' in word})

    def daemon(self, role):
        """Which of strongSwan's daemons: ESP takes one of its own."""
        return 'tunnel' if self.esp else self.daemons[BOTH.index(role)]


def key_exchanges():
    for size in (512, 768, 1024):
        yield Case(f'x25519, then ML-KEM-{size}', f'aes256gcm16-prfsha384-x25519-ke1_mlkem{size}')
    yield Case('three sets of ML-KEM after x25519',
               'aes256gcm16-prfsha384-x25519-ke1_mlkem512-ke2_mlkem768-ke3_mlkem1024')
    yield Case('ML-KEM between two classical methods',
               'aes256gcm16-prfsha384-ecp256-ke1_mlkem768-ke2_x25519-ke3_mlkem1024')
    yield Case('ADDKE types with gaps', 'aes256gcm16-prfsha384-x25519-ke2_mlkem768-ke7_mlkem512')
    yield Case('seven additional key exchanges',
               'aes256gcm16-prfsha512-x25519-ke1_mlkem512-ke2_mlkem768-ke3_mlkem1024-ke4_ecp256-ke5_ecp384-ke6_ecp521'
               '-ke7_x448')
    # Of these only 512 fits the smallest path MTU; the larger ones need a path that is known to carry them.
    for size in (512, 768, 1024):
        yield Case(f'ML-KEM-{size} alone', f'aes256gcm16-prfsha384-mlkem{size}',
                   options=('large-init',) if size > 512 else ())
    yield Case('ML-KEM-768, then x25519', 'aes256gcm16-prfsha384-mlkem768-ke1_x25519', options=('large-init',))
    for method in ('ecp256', 'ecp384', 'ecp521', 'x448', 'modp2048', 'modp3072', 'modp4096'):
        yield Case(f'{method}, then ML-KEM-768', f'aes256gcm16-prfsha384-{method}-ke1_mlkem768')


def ciphers():
    for cipher in [f'aes{bits}{mode}16' for mode in ('gcm', 'ccm') for bits in (128, 192, 256)] + ['chacha20poly1305']:
        yield Case(f'{cipher}', f'{cipher}-prfsha256-x25519-ke1_mlkem768')
    for bits in (128, 192, 256):
        for hash_bits in (256, 384, 512):
            yield Case(f'aes{bits} and sha{hash_bits}', f'aes{bits}-sha{hash_bits}-x25519-ke1_mlkem768')
    yield Case('aes128 and sha1', 'aes128-sha1-x25519-ke1_mlkem768')
    for bits in (128, 192, 256):
        yield Case(f'aes{bits}ctr', f'aes{bits}ctr-sha256-x25519-ke1_mlkem768')
    yield Case('prfsha512 with an AEAD', 'aes128gcm16-prfsha512-x25519-ke1_mlkem768')
    yield Case('prfsha1 with an AEAD', 'aes128gcm16-prfsha1-x25519-ke1_mlkem768')


def in_fragments(count):
    """Of the messages of IKE_INTERMEDIATE, both ways."""
    says = tuple(rf'{verb} IKE_INTERMEDIATE re\w+ 1 \[ EF\({count}/{count}\) \]' for verb in ('generating', 'parsed'))
    return {'initiator_says': says, 'responder_says': says}


def fragments():
    large = 'aes256gcm16-prfsha384-x25519-ke1_mlkem1024'
    yield Case('fragmentation on', large, **in_fragments(2))
    yield Case('fragmentation off', large, fragmentation='no', never_says=(r'\[ EF\(',))
    yield Case('fragmentation forced', large, fragmentation='force', **in_fragments(2))
    yield Case('fragmentation on, CBC', 'aes256-sha512-x25519-ke1_mlkem1024', **in_fragments(2))
    yield Case('fragments of datagrams of 576 octets', large, daemons=('small', 'small'), options=('small',),
               **in_fragments(4))
    yield Case('fragmentation on over IPv6', large, version=6, **in_fragments(2))


def child_sas():
    agreed = r'CHILD_SA interop\{\d+\} established .* TS 10\.92\.\d\.1/32 === 10\.92\.\d\.1/32'
    for esp in ('aes128gcm16', 'aes256gcm16', 'aes256ccm16', 'chacha20poly1305', 'aes128-sha256', 'aes256-sha512',
                'aes256ctr-sha384'):
        yield Case(f'Child SA with {esp}', esp=esp)
    yield Case('Child SA after three sets of ML-KEM',
               'aes256gcm16-prfsha384-x25519-ke1_mlkem512-ke2_mlkem768-ke3_mlkem1024', esp=ESP)
    yield Case('Child SA after ML-KEM-512 alone', 'aes256gcm16-prfsha384-mlkem512', esp=ESP)
    yield Case('Child SA whose ADDKE types IKE_AUTH leaves out', esp='aes256gcm16-x25519-ke1_mlkem768')
    wider, ours = ('10.92.1.0/24', '10.92.2.0/24'), (r'_out, aes256gcm16: 10\.92\.2\.1 === 10\.92\.1\.1$',)
    for side in BOTH:
        yield Case(f'the {side} allows more traffic', esp=ESP, selectors={side: wider},
                   ours_says={'initiator': ours, 'responder': ours},
                   initiator_says=(agreed,), responder_says=(agreed,))
    yield Case('no common ESP proposal: the IKE SA stays', esp='aes128gcm16', responder_esp='aes256-sha512',
               child=False, initiator_says=(r'parsed IKE_AUTH response \d+ \[.*N\(NO_PROP\)',),
               responder_says=(r'generating IKE_AUTH response \d+ \[.*N\(NO_PROP\)',))
    yield Case('no common selectors: the IKE SA stays', esp=ESP, child=False,
               selectors={'responder': ('10.93.1.1/32', '10.93.2.1/32')},
               initiator_says=(r'parsed IKE_AUTH response \d+ \[.*N\(TS_UNACCEPT\)',),
               responder_says=(r'generating IKE_AUTH response \d+ \[.*N\(TS_UNACCEPT\)',))


def endings():
    for side in BOTH:
        yield Case(f'deleted by the {side}', deleted_by=side)
        yield Case(f'with a Child SA, deleted by the {side}', esp=ESP, deleted_by=side)
    yield Case('wrong PSK', same_psk=False, succeeds=False,
               initiator_says=(r'parsed IKE_AUTH response 2 \[ N\(AUTH_FAILED\) \]',),
               responder_says=('MAC mismatched', r'generating IKE_AUTH response 2 \[ N\(AUTH_FAILED\) \]'),
               ours_says={'initiator': ('AUTHENTICATION_FAILED to IKE_AUTH, protected by generation 1',),
                          'responder': ('the peer is not who it should be',)})
    yield Case('another identity than the initiator expects', succeeds=False, responder_identity='other.example',
               responder_says=(r'generating IKE_AUTH response 2 \[ N\(AUTH_FAILED\) \]',),
               initiator_says=(r'parsed IKE_AUTH response 2 \[ N\(AUTH_FAILED\) \]',), roles=('initiator',))
    yield Case('an identity that the initiator does not expect', succeeds=False, responder_identity='other.example',
               initiator_says=('constraint check failed|received AUTHENTICATION_FAILED',), roles=('responder',))
    yield Case('childless, which the responder refuses', succeeds=False, childless='never', options=('no-childless',),
               initiator_says=('received INVALID_SYNTAX notify error',),
               ours_says={'initiator': ('does not announce childless',),
                          'responder': ('IKE_AUTH refused with INVALID_SYNTAX',)})
    yield Case('no common proposal', 'aes256gcm16-prfsha384-x25519-ke1_mlkem768',
               'aes128gcm16-prfsha256-x25519-ke1_mlkem1024', succeeds=False,
               initiator_says=(r'parsed IKE_SA_INIT response 0 \[ N\(NO_PROP\) \]',),
               responder_says=(r'generating IKE_SA_INIT response 0 \[ N\(NO_PROP\) \]',))
    yield Case('no common ML-KEM set', 'aes256gcm16-prfsha384-x25519-ke1_mlkem512',
               'aes256gcm16-prfsha384-x25519-ke1_mlkem1024', succeeds=False,
               initiator_says=(r'parsed IKE_SA_INIT response 0 \[ N\(NO_PROP\) \]',),
               responder_says=(r'generating IKE_SA_INIT response 0 \[ N\(NO_PROP\) \]',))


def choices():
    many = 'aes128gcm16-aes256gcm16-chacha20poly1305-prfsha256-prfsha384-x25519-ecp256-ke1_mlkem768-ke1_mlkem1024'
    yield Case('many alternatives in one proposal', many, generations=2)
    yield Case('many alternatives, the last of each', many, 'chacha20poly1305-prfsha384-ecp256-ke1_mlkem1024',
               initiator_says=(r'selected proposal: IKE:CHACHA20_POLY1305/PRF_HMAC_SHA2_384/ECP_256/KE1_ML_KEM_1024',),
               responder_says=(r'selected proposal: IKE:CHACHA20_POLY1305/PRF_HMAC_SHA2_384/ECP_256/KE1_ML_KEM_1024',))
    yield Case('the second proposal of two', f'aes256-sha512-modp4096-ke1_mlkem1024,{DEFAULT}', DEFAULT)
    yield Case('the second set of two', 'aes256gcm16-prfsha384-x25519-ke1_mlkem1024-ke1_mlkem768',
               'aes256gcm16-prfsha384-x25519-ke1_mlkem768')
    yield Case('ADDKE1 optional, chosen', 'aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none',
               'aes256gcm16-prfsha384-x25519-ke1_mlkem768')


def without_ml_kem():
    classical = 'aes256gcm16-prfsha384-x25519'
    yield Case('a gateway without ML-KEM is refused', DEFAULT, classical, succeeds=False, roles=('initiator',),
               responder_says=(r'generating IKE_SA_INIT response 0 \[ N\(NO_PROP\) \]',))
    yield Case('a gateway without ML-KEM, classical allowed', f'{DEFAULT},{classical}', classical,
               roles=('initiator',), options=('allow-classical',))
    yield Case('an initiator without ML-KEM is refused', classical, DEFAULT, succeeds=False, roles=('responder',),
               initiator_says=(r'parsed IKE_SA_INIT response 0 \[ N\(NO_PROP\) \]',))
    yield Case('an initiator without ML-KEM, classical allowed', classical, f'{DEFAULT},{classical}', generations=1,
               roles=('responder',), options=('allow-classical',))
    both = {'ours_alone': True, 'succeeds': False}
    yield Case('a gateway that chooses the classical proposal of two is refused', f'{DEFAULT},{classical}', classical,
               roles=('initiator',), **both, ours_says={'initiator': ('the answer has no ML-KEM',)})
    yield Case('an initiator whose only proposal is the classical one of two', classical, f'{classical},{DEFAULT}',
               roles=('responder',), **both, initiator_says=(r'parsed IKE_SA_INIT response 0 \[ N\(NO_PROP\) \]',))
    yield Case('the hybrid proposal of two, though the classical one stands first', f'{classical},{DEFAULT}',
               f'{classical},{DEFAULT}', generations=2, ours_alone=True, roles=('responder',))
    yield Case('ADDKE1 optional, left out by the responder', 'aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none',
               classical, options=('allow-classical',))


def retries():
    retried = 'aes256gcm16-prfsha384-x25519-ecp384-ke1_mlkem768'
    yield Case('INVALID_KE_PAYLOAD, then the other method', retried, 'aes256gcm16-prfsha384-ecp384-ke1_mlkem768',
               initiator_says=(r'parsed IKE_SA_INIT response 0 \[ N\(INVAL_KE\) \]',),
               responder_says=(r'generating IKE_SA_INIT response 0 \[ N\(INVAL_KE\) \]',))
    yield Case('INVALID_KE_PAYLOAD from x25519 to ML-KEM-512', 'aes256gcm16-prfsha384-x25519-mlkem512',
               'aes256gcm16-prfsha384-mlkem512', initiator_says=(r'parsed IKE_SA_INIT response 0 \[ N\(INVAL_KE\) \]',),
               responder_says=(r'generating IKE_SA_INIT response 0 \[ N\(INVAL_KE\) \]',))
    with_cookie = {'initiator_says': (r'parsed IKE_SA_INIT response 0 \[ N\(COOKIE\) \]',
                                      r'generating IKE_SA_INIT request 0 \[ N\(COOKIE\) SA'),
                   'responder_says': (r'parsed IKE_SA_INIT request 0 \[ N\(COOKIE\) SA',),
                   'daemons': ('plain', 'cookie'), 'options': ('cookie',),
                   'ours_says': {'initiator': ('cookie, round 1$',)}}
    yield Case('COOKIE', **with_cookie)
    yield Case('COOKIE for ML-KEM-512 alone', 'aes256gcm16-prfsha384-mlkem512', **with_cookie)
    yield Case('COOKIE, then INVALID_KE_PAYLOAD', retried, 'aes256gcm16-prfsha384-ecp384-ke1_mlkem768', **with_cookie)


def paths():
    yield Case('through a NAT', relay=(0, 0), initiator_says=('local host is behind NAT',))
    yield Case('through a NAT, ML-KEM-512 alone', 'aes256gcm16-prfsha384-mlkem512', relay=(0, 0))
    yield Case('through a NAT, with a Child SA', esp=ESP, relay=(0, 0))
    for lose, double in ((4, 0), (0, 2), (4, 3), (3, 5)):
        yield Case(f'one datagram in {lose} lost, one in {double} doubled'.replace('one datagram in 0 lost, one', 'one')
                   .replace(', one in 0 doubled', ''),
                   'aes256gcm16-prfsha384-x25519-ke1_mlkem1024-ke2_mlkem768', relay=(lose, double),
                   daemons=('patient', 'patient'))


def established():
    # Between two strongSwans the first question answers the other side's.
    answered = (r'sending DPD request|parsed INFORMATIONAL request \d+ \[ \]',
                r'(parsed|generating) INFORMATIONAL response \d+ \[ \]')
    yield Case('strongSwan asks whether the other side lives', liveness=True, initiator_says=answered,
               responder_says=answered)
    # Our command line has no word for it: strongSwan is the one that deletes.
    for side, ours in zip(BOTH, reversed(BOTH)):
        yield Case(f'the {side} deletes the Child SA, then the IKE SA', esp=ESP, only_child=True, deleted_by=side,
                   roles=(ours,))


def others():
    yield Case('IPv6', version=6)
    yield Case('MOBIKE offered by strongSwan', mobike='yes')
    yield Case('MOBIKE offered by strongSwan, with a Child SA', esp=ESP, mobike='yes')
    yield Case('chosen by a gateway that cannot (6.0.1)', daemons=('plain', 'older'), roles=('initiator',),
               succeeds=False, ours_says={'initiator': ('agreed on .*-ke1_mlkem768$', 'failed: ')},
               responder_says=('selected proposal: .*KE1_ML_KEM_768|KE1_36',))
    older = {'daemons': ('older', 'older'), 'options': ('allow-classical',)}
    yield Case('classical with 6.0.1', 'aes256gcm16-prfsha384-x25519', **older)
    yield Case('two classical exchanges with 6.0.1', 'aes256gcm16-prfsha384-x25519-ke1_ecp384', **older)


GROUPS = (key_exchanges, ciphers, fragments, child_sas, endings, choices, without_ml_kem, retries, paths, established,
          others)


def all_cases():
    for group in GROUPS:
        yield from group()
